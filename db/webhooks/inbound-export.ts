import type { ExportedFile } from '../exported-file.ts';

const kinds = ['organisation'] as const;

/** What webhooks that came in give to an export. Secrets and credentials are not in it; bodies are sealed, and read by the API. */
export const inboundExport: readonly ExportedFile[] = [
  {
    name: 'sources',
    about: 'Who may send webhooks, without secrets and credentials.',
    kinds,
    select: `s.id, s.kind, s.name, s.account, s.state, s.verifier, s.reading, s.hold_unknown, s.reconciled_until, s.version,
      s.created_by, s.created_at, s.updated_at`,
    from: `from webhooks.sources s where s.tenant_id = $1 and s.state <> 'deleted'`,
    key: [{ of: 's.id', type: 'uuid' }],
  },
  {
    name: 'inbound_deliveries',
    about: 'Each time that a webhook was delivered. Bodies: GET /v1/webhooks/inbound/{id}.',
    kinds,
    select: 'd.id, d.source_id, d.provider_id, d.topic, d.event_id, d.via, d.body_bytes, d.received_at',
    from: 'from webhooks.inbound_deliveries d where d.tenant_id = $1',
    key: [{ of: 'd.id', type: 'uuid' }],
  },
  {
    name: 'inbound_bodies',
    about: 'What webhooks that came in say.',
    kinds: ['person'],
    select: 'd.id, d.source_id, d.topic, d.event_id, d.received_at, d.body as sealed_body',
    from: 'from webhooks.inbound_deliveries d where d.tenant_id = $1 and d.body is not null',
    key: [{ of: 'd.id', type: 'uuid' }],
    // A body has up to 1 MiB.
    rowsAtOnce: 20,
  },
  {
    name: 'inbound_events',
    about: 'The events that were delivered, and what became of them.',
    kinds,
    select: `e.id, e.source_id, e.topic, e.event_id, e.delivery_id, e.state, e.attempts, e.entity_id, e.occurred_at,
      e.error_code, e.error, e.effects, e.received_at, e.settled_at`,
    from: 'from webhooks.inbound_events e where e.tenant_id = $1',
    key: [{ of: 'e.id', type: 'uuid' }],
  },
  {
    name: 'inbound_entities',
    about: 'What they speak of, and how new the newest of them is.',
    kinds,
    select: `n.id, n.source_id, n.kind, n.external_id, n.state_at, n.final, n.version, n.latest_event, n.created_at,
      n.updated_at`,
    from: 'from webhooks.inbound_entities n where n.tenant_id = $1',
    key: [{ of: 'n.id', type: 'uuid' }],
  },
  {
    name: 'inbound_attempts',
    about: 'Each attempt to process one.',
    kinds,
    select: 'a.event_id, a.attempt, a.outcome, a.error_code, a.error, a.next_at, a.made_at',
    from: `from webhooks.inbound_events e join webhooks.inbound_attempts a on a.event_id = e.id where e.tenant_id = $1`,
    key: [
      { of: 'e.id', type: 'uuid' },
      { of: 'a.attempt', type: 'integer' },
    ],
  },
  {
    name: 'inbound_replays',
    about: 'Which of them were to be tried again, and how many were.',
    kinds,
    select: 'r.id, r.filter, r.matching, r.state, r.replayed, r.created_by, r.created_at, r.finished_at',
    from: 'from webhooks.inbound_replays r where r.tenant_id = $1',
    key: [{ of: 'r.id', type: 'uuid' }],
  },
];
