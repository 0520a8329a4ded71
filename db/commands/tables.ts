/** The table of answered commands, for the first migration of a domain that takes commands. */
export function commandTables(schema: string): string[] {
  return [
    `create table ${schema}.commands (
       scope text not null,
       key text not null,
       fingerprint text not null,
       status integer,
       headers json,
       body json,
       created_at timestamptz not null default now(),
       lease_until timestamptz,
       primary key (scope, key)
     )`,
    `create index commands_created_at on ${schema}.commands (created_at)`,
  ];
}
