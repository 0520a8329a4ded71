import { z } from 'zod';
import { emailInput } from '../email-address.ts';
import {
  addressIdOf,
  suppress,
  SuppressionRepository,
  type Suppression,
} from '../../db/notifications/suppressions.ts';
import { Failure } from '../../domain/failure.ts';
import { categories, organisationCategories } from '../../domain/notifications/categories.ts';
import { ErasedAddresses } from '../../domain/notifications/erased-address.ts';
import { suppressionReasons } from '../../domain/notifications/notice.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';

const tag = 'Notifications';
const params = z.object({ id: z.uuid() });
const idempotency = { domain: 'notifications', mode: 'transaction' } as const;
const address = emailInput;

const suppressionView = z
  .object({
    id: z.uuid(),
    address: z.string().meta({
      description:
        'Of a person who was forgotten, something at `erased.invalid` in its place; `?address=` still finds it.',
    }),
    category: z.enum(categories).nullable().meta({ description: 'Null: of all that can be held back.' }),
    reason: z.enum(suppressionReasons),
    detail: z.string().nullable().meta({ description: 'What a mail server has said, say.' }),
    reported: z.boolean().meta({
      description: 'A message that came later has told of it: notices of security go there all the same.',
    }),
    created_by: z.uuid().nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Suppression' });

const newSuppression = z
  .strictObject({
    address,
    category: z.enum(organisationCategories).nullable().default(null),
    reason: z.enum(['bounce', 'complaint', 'manual']).default('manual'),
    detail: z.string().max(300).nullable().default(null),
  })
  .meta({
    id: 'NewSuppression',
    example: { address: 'ada@example.com', category: null, reason: 'complaint', detail: null },
  });

/** Addresses that get no mails of the organisation, each with the reason. */
export function createSuppressionRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const erased = new ErasedAddresses(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'get',
      path: '/v1/notifications/suppressions',
      summary: 'Addresses that get no mails, newest first',
      tag,
      access: 'notifications:manage',
      rate: 'read',
      query: z.strictObject({ ...pageQuery, address: address.optional() }),
      responses: { 200: { description: 'A page of entries.', body: pageOf(suppressionView) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'notification-suppressions',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('notifications', ({ sql }) =>
              new SuppressionRepository(sql, tenantId).list(
                query.address === undefined ? null : erased.spellingsOf(tenantId, query.address),
                limit,
                after?.id ?? null,
              ),
            ),
          positionOf: ({ id }) => ({ id }),
          present,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'post',
      path: '/v1/notifications/suppressions',
      summary: 'Have an address get no more mails',
      description:
        'For what is known otherwise: a mail server hands bounces and complaints in by `POST /v1/notifications/mail-reports`. An entry that is there already stays as it is. ' +
        'Links to accounts go out all the same, and notices of security unless mails bounce.',
      tag,
      access: 'notifications:manage',
      rate: 'write',
      body: newSuppression,
      idempotency,
      responses: { 201: { description: 'The entry.', body: suppressionView } },
      handler: async ({ principal: { tenantId, userId }, body }, transaction) => {
        const { sql } = transaction;
        const spellings = erased.spellingsOf(tenantId, body.address);
        const addressId = await addressIdOf(sql, tenantId, spellings, null);
        const { category, reason, detail } = body;
        const { id } = await suppress(transaction, {
          tenantId,
          addressId,
          category,
          reason,
          detail,
          createdBy: userId,
        });
        const entry = await new SuppressionRepository(sql, tenantId).find(id);
        if (!entry) throw new Error('The entry is gone.');
        return { status: 201, body: present(entry) };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/notifications/suppressions/:id',
      summary: 'Have an address get mails again',
      tag,
      access: 'notifications:manage',
      rate: 'write',
      params,
      idempotency,
      responses: { 204: { description: 'It is gone.' } },
      failures: ['notifications.suppression_not_found'],
      handler: async ({ params: { id }, principal: { tenantId, userId } }, transaction) => {
        const entries = new SuppressionRepository(transaction.sql, tenantId);
        if (!(await entries.remove(transaction, id, userId)))
          throw new Failure('notifications.suppression_not_found', 'There is no such entry.');
        return { status: 204 };
      },
    }),
  ];
}

function present({ createdBy, createdAt, ...entry }: Suppression) {
  return { ...entry, created_by: createdBy, created_at: createdAt.toISOString() };
}
