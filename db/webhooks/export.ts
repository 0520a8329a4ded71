import type { ExportedFile } from '../exported-file.ts';
import { inboundExport } from './inbound-export.ts';

const kinds = ['organisation'] as const;
const alsoOfPersons = ['organisation', 'person'] as const;

/** What webhooks gives to an export. Secrets and headers, which may hold some, are not in it. */
export const webhooksExport: readonly ExportedFile[] = [
  ...inboundExport,
  {
    name: 'endpoints',
    about: 'Endpoints that are told what happens, without their secrets and headers.',
    kinds,
    select: `e.id, e.url, e.description, e.event_types, e.payload_version, e.ordering, e.rate_per_second, e.state,
      e.disabled_reason, e.version, e.created_by, e.created_at, e.updated_at`,
    from: 'from webhooks.endpoints e where e.tenant_id = $1',
    key: [{ of: 'e.id', type: 'uuid' }],
  },
  {
    name: 'messages',
    about: 'What they were told.',
    kinds: alsoOfPersons,
    select: 'm.id, m.type, m.subject, m.operational, m.about, m.bodies, m.occurred_at, m.created_at',
    from: 'from webhooks.messages m where m.tenant_id = $1',
    key: [{ of: 'm.id', type: 'uuid' }],
  },
  {
    name: 'deliveries',
    about: 'How each message fared at each endpoint.',
    kinds,
    select: `d.message_id, d.endpoint_id, d.subject, d.trigger, d.state, d.attempts, d.failed, d.last_status,
      d.last_problem, d.delivered_at, d.exhausted_at, d.created_at`,
    from: `from webhooks.messages m cross join lateral (
        select d.* from webhooks.deliveries d
        where d.message_id = m.id and (d.message_id, d.endpoint_id) > ($4::uuid, $5::uuid)
        order by d.endpoint_id limit $3) d
      where m.tenant_id = $1 and m.id >= $4::uuid`,
    key: [
      { of: 'm.id', type: 'uuid' },
      { of: 'd.endpoint_id', type: 'uuid' },
    ],
  },
  {
    name: 'attempts',
    about: 'Each attempt to deliver a message, with what was answered.',
    kinds: alsoOfPersons,
    select: `a.id, a.message_id, a.endpoint_id, a.number, a.trigger, a.outcome, a.started_at, a.milliseconds, a.status,
      a.problem, a.detail, a.response_body, a.response_cut`,
    from: `from webhooks.messages m cross join lateral (
        select a.* from webhooks.attempts a
        where a.message_id = m.id and (a.message_id, a.id) > ($4::uuid, $5::uuid) order by a.id limit $3) a
      where m.tenant_id = $1 and m.id >= $4::uuid`,
    key: [
      { of: 'm.id', type: 'uuid' },
      { of: 'a.id', type: 'uuid' },
    ],
  },
  {
    name: 'recoveries',
    about: 'Times for which messages were sent again.',
    kinds,
    select:
      'r.id, r.endpoint_id, r.kind, r.since, r.until, r.state, r.sent, r.created_by, r.created_at, r.finished_at',
    from: `from webhooks.endpoints e join webhooks.recoveries r on r.endpoint_id = e.id where e.tenant_id = $1`,
    key: [
      { of: 'e.id', type: 'uuid' },
      { of: 'r.id', type: 'uuid' },
    ],
  },
];
