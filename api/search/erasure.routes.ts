import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { erasureContext } from '../../domain/search/erasure.ts';
import { ErasureRepository, type Erasure } from '../../db/search/erasure.repository.ts';
import { awaitedProcesses, type AwaitedProcess } from '../../db/search/person-erasure.ts';
import { dataSubjectSchema, recogniserOf } from '../../domain/search/data-subject.ts';
import type { Sql } from '../../db/sql.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';

const subjectShape = dataSubjectSchema.meta({
  id: 'DataSubject',
  description: 'By what a person is known. Each of these suffices alone.',
  example: { emails: ['ada@example.com'], name: 'Ada Lovelace', date_of_birth: '1815-12-10' },
});

/** Most processes that are told to be waited for. */
const awaitedShown = 100;

const count = z.int().min(0);
const erasureShape = z
  .object({
    id: z.uuid(),
    state: z.enum(['submitted', 'completed']),
    report: z.object({
      people: count.meta({ description: 'Deleted from record sets.' }),
      batch_rows: count.meta({ description: 'Emptied; their state and cost stay.' }),
      rejected_rows: count.meta({ description: 'Taken out of the reports of imports.' }),
      searches: count.meta({ description: 'Entries of the search log that no longer tell whom they found.' }),
      answers: count.meta({ description: 'Kept answers that were dropped, others among them.' }),
      files_deleted: count.meta({ description: 'Files that were sent.' }),
      files_rewritten: count.meta({ description: 'Files of results and reports.' }),
      orders: count.meta({ description: 'That keep their numbers, lines and money, and nobody’s name.' }),
      webhooks: count.meta({ description: 'Bodies of webhooks that came in.' }),
      messages: count.meta({ description: 'Messages to endpoints, and answers to them.' }),
      addresses: count.meta({ description: 'Of mails: deleted, or known by a keyed hash alone.' }),
      notices: count.meta({
        description:
          'Items of feeds, notes of the suppression list, and mails whose answers spoke of the person.',
      }),
    }),
    waits_for: z.array(z.object({ process: z.string(), paused: z.boolean() })).meta({
      description:
        `What is from before and must end first, ${awaitedShown} of each domain at most: batches and imports, whose files ` +
        'are still being read, orders of the person, and webhooks that speak of the person. One that is paused goes on when ' +
        'it is resumed or cancelled.',
    }),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Erasure', description: 'A person who is forgotten: what was found, in numbers.' });

function present(
  { id, state, report, createdAt, finishedAt }: Erasure,
  awaited: readonly AwaitedProcess[],
): z.input<typeof erasureShape> {
  return {
    id,
    state,
    report,
    waits_for: awaited.map(({ id: process, paused }) => ({ process, paused })),
    created_at: createdAt.toISOString(),
    finished_at: finishedAt?.toISOString() ?? null,
  };
}

/** What an erasure waits for; nothing once it is done. */
async function awaitedBy(
  sql: Sql,
  { tenantId, state, createdAt, awaited }: Erasure,
): Promise<AwaitedProcess[]> {
  if (state === 'completed') return [];
  const elsewhere = awaited.map((id) => ({ id, paused: false }));
  return [...(await awaitedProcesses(sql, tenantId, createdAt, awaitedShown)), ...elsewhere];
}

const tag = 'Erasure';

/** The right to be forgotten (GDPR Art. 17): of the people in an organisation's data. */
export function createErasureRoutes({ config, database }: Services): Route[] {
  const box = new SecretBox(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'post',
      path: '/v1/erasures',
      summary: 'Forget a person',
      description:
        'Finds the person in record sets, batches, imports, files, cached answers, the search log, orders, webhooks in ' +
        'and out, and notifications, and takes them out. What is under way is waited for. Who it was is forgotten when it is done; the ' +
        'answer then tells numbers only.',
      tag,
      access: 'erasures:write',
      rate: 'write',
      body: subjectShape,
      idempotency: { domain: 'search', mode: 'transaction' },
      responses: {
        202: {
          description: 'It will be done.',
          body: erasureShape,
          headers: { Location: 'Where to read what was found.' },
        },
      },
      failures: ['search.erasure_invalid'],
      handler: async ({ principal: { tenantId, userId }, body, traceId }, transaction) => {
        recogniserOf(body);
        const id = uuidv7();
        const subject = box.seal(JSON.stringify(body), erasureContext(tenantId, id));
        const erasure = await new ErasureRepository(transaction.sql, tenantId).create(id, subject, userId);
        await transaction.publish({
          type: 'search.erasure_requested',
          tenantId,
          subject: `erasure:${id}`,
          data: {},
          actorId: userId,
          traceId,
        });
        return {
          status: 202,
          headers: { Location: `/v1/erasures/${id}` },
          body: present(erasure, await awaitedBy(transaction.sql, erasure)),
        };
      },
    }),
    route({
      method: 'get',
      path: '/v1/erasures/:id',
      summary: 'What was found of a person and erased',
      tag,
      access: 'erasures:read',
      rate: 'read',
      params: z.object({ id: z.uuid() }),
      responses: { 200: { description: 'The erasure.', body: erasureShape } },
      failures: ['search.erasure_not_found'],
      handler: async ({ principal: { tenantId }, params: { id } }) => {
        const body = await database.read('search', async ({ sql }) => {
          const erasure = await new ErasureRepository(sql, tenantId).get(id);
          return present(erasure, await awaitedBy(sql, erasure));
        });
        return { status: 200, body };
      },
    }),
  ];
}
