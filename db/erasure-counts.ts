import type { Domain } from '../domain/domains.ts';
import type { Sql } from './sql.ts';

/** The table of counts, for a migration of a domain that keeps something of people. */
export function erasureCountsTable(domain: Domain): string {
  return `create table ${domain}.erasure_counts (
    tenant_id uuid not null,
    erasure_id uuid not null,
    kind text not null,
    number bigint not null,
    primary key (tenant_id, erasure_id, kind)
  )`;
}

/** Deletes the counts of tenant `$1`, up to `$2` of them: for the erasure of the tenant itself. */
export function erasedCountsOfTenant(domain: Domain): string {
  return `delete from ${domain}.erasure_counts where tenant_id = $1 and (erasure_id, kind) in (
    select erasure_id, kind from ${domain}.erasure_counts where tenant_id = $1 limit $2)`;
}

interface OfErasure {
  tenantId: string;
  erasureId: string;
}

/** Counts what of a person is erased in the same transaction: so nothing is counted twice, or not at all. */
export async function countErased(
  sql: Sql,
  domain: Domain,
  { tenantId, erasureId }: OfErasure,
  kind: string,
  number: number,
): Promise<void> {
  if (number === 0) return;
  await sql(
    `insert into ${domain}.erasure_counts as c (tenant_id, erasure_id, kind, number) values ($1, $2, $3, $4)
     on conflict (tenant_id, erasure_id, kind) do update set number = c.number + excluded.number`,
    [tenantId, erasureId, kind, number],
  );
}

/** What was erased so far, by its kind. */
export async function erasedCounts(
  sql: Sql,
  domain: Domain,
  { tenantId, erasureId }: OfErasure,
): Promise<Record<string, number>> {
  const rows = await sql<{ kind: string; number: number }>(
    `select kind, number::float8 as number from ${domain}.erasure_counts where tenant_id = $1 and erasure_id = $2`,
    [tenantId, erasureId],
  );
  return Object.fromEntries(rows.map(({ kind, number }) => [kind, number]));
}
