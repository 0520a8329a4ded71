import type { ExportedFile } from '../exported-file.ts';

const key = [
  { of: 'l.occurred_at', type: 'timestamptz' },
  { of: 'l.event_id', type: 'uuid' },
] as const;

/** What the audit log gives to an export. */
export const auditExport: readonly ExportedFile[] = [
  {
    name: 'events',
    about: 'All that has happened in the organisation: what, to which object, when, and by whom.',
    kinds: ['organisation'],
    select:
      'l.event_id, l.domain, l.type, l.version, l.subject, l.actor_id, l.trace_id, l.occurred_at, l.recorded_at, l.data',
    from: 'from audit.audit_log l where l.tenant_id = $1',
    key,
  },
  {
    name: 'own-events',
    about:
      'What you have done in the organisation that you were logged in to when you asked for this export.',
    kinds: ['account'],
    select: 'l.event_id, l.tenant_id, l.domain, l.type, l.subject, l.occurred_at',
    from: 'from audit.audit_log l where l.tenant_id = $1 and l.actor_id = $2',
    key,
  },
];
