/**
 * The tables of an outbox, for the first migration of a domain. Each domain has its own, in its own schema, because an
 * event must be written in the transaction of the state it tells of, and domains may live in different databases.
 */
export function outboxTables(schema: string): string[] {
  return [
    `create table ${schema}.outbox (
       position bigint generated always as identity primary key,
       id uuid not null unique,
       type text not null,
       version integer not null,
       tenant_id uuid not null,
       subject text not null,
       occurred_at timestamptz not null default clock_timestamp(),
       actor_id uuid,
       trace_id text,
       traceparent text,
       data jsonb not null
     )`,
    `create index outbox_occurred_at on ${schema}.outbox (occurred_at)`,
    `create table ${schema}.outbox_deliveries (
       consumer text not null,
       position bigint not null references ${schema}.outbox (position) on delete cascade,
       subject text not null,
       attempts integer not null default 0,
       due_at timestamptz not null default now(),
       parked_at timestamptz,
       last_error text,
       primary key (consumer, position)
     )`,
    `create index outbox_deliveries_subject on ${schema}.outbox_deliveries (consumer, subject, position)`,
  ];
}
