import { z } from 'zod';
import { AuditRepository, type AuditRecord } from '../../db/audit/audit.repository.ts';
import { momentFilter, Pages, pageOf, pageQuery, requireOrder } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';

const entryView = z
  .object({
    id: z.uuid().meta({ description: 'ID of the event.' }),
    type: z.string().meta({ example: 'identity.api_key_created' }),
    domain: z.string(),
    version: z.int(),
    subject: z.string().meta({ description: 'What it happened to.', example: 'api-key:0198c0ff-…' }),
    actor_id: z.uuid().nullable().meta({ description: 'The user who did it; null for the system.' }),
    trace_id: z.string().nullable(),
    occurred_at: z.iso.datetime(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry' });

/** The audit log: everything that has happened in an organisation. It is only ever added to. */
export function createAuditRoutes({ database, config }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'get',
      path: '/v1/audit-log',
      summary: 'What has happened in your organisation',
      description: 'Newest first. An event stands here moments after the change it tells of.',
      tag: 'Audit',
      access: 'audit:read',
      rate: 'read',
      query: z.strictObject({
        ...pageQuery,
        type: z.string().max(100).optional().meta({ example: 'identity.api_key_created' }),
        subject: z.string().max(200).optional(),
        actor_id: z.uuid().optional(),
        from: momentFilter,
        to: momentFilter,
      }),
      responses: { 200: { description: 'A page of it.', body: pageOf(entryView) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        requireOrder(query.from, query.to);
        const filter = {
          type: query.type,
          subject: query.subject,
          actorId: query.actor_id,
          from: query.from,
          to: query.to,
        };
        const body = await pages.read({
          list: 'audit-log',
          tenantId,
          query,
          position: z.object({ occurredAt: z.string(), eventId: z.uuid() }),
          read: (limit, after) =>
            database.read('audit', ({ sql }) =>
              new AuditRepository(sql, tenantId).list(filter, limit, after),
            ),
          positionOf: ({ position, eventId }) => ({ occurredAt: position, eventId }),
          present: presentEntry,
        });
        return { status: 200, body };
      },
    }),
  ];
}

function presentEntry(entry: AuditRecord) {
  return {
    id: entry.eventId,
    type: entry.type,
    domain: entry.domain,
    version: entry.version,
    subject: entry.subject,
    actor_id: entry.actorId,
    trace_id: entry.traceId,
    occurred_at: entry.occurredAt.toISOString(),
    data: entry.data,
  };
}
