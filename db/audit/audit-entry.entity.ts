import { defineEntity, p } from '@mikro-orm/postgresql';

/** One event as the audit log keeps it. Rows are only ever added. */
export const AuditEntry = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_log',
  schema: 'audit',
  properties: {
    eventId: p.uuid().primary(),
    domain: p.text(),
    type: p.text(),
    version: p.integer(),
    tenantId: p.uuid(),
    subject: p.text(),
    actorId: p.uuid().nullable(),
    traceId: p.text().nullable(),
    occurredAt: p.datetime(6),
    recordedAt: p.datetime(),
    data: p.json<Record<string, unknown>>(),
  },
});
