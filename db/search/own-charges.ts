import type { Micros } from '../../domain/search/answer.ts';
import type { Sql } from '../sql.ts';

/** A call that was made or is reserved. */
export interface OwnCharge {
  callKey: string;
  /** Reserved: whoever was to make the call has not told what came of it. */
  state: 'reserved' | 'settled';
  /** What it has cost; of one that is reserved, 0. */
  amountMicros: Micros;
  /** The most that it could cost. */
  reservedMicros: Micros;
}

/** The key of a call in the ledger, which is also what its vendor is told. */
export function callKeyOf(effectKey: string, providerId: string): string {
  return `${effectKey}:${providerId}`;
}

/**
 * The providers that a tenant has calls of in the ledger, one look into its index for each. Those of months ago are left
 * out: an organisation may have tried many, and no row waits so long.
 */
export async function chargedProviders(sql: Sql, tenantId: string): Promise<{ id: string; name: string }[]> {
  return await sql<{ id: string; name: string }>(
    `with recursive seen as (
       (select provider_id, provider from search.charges where tenant_id = $1 order by provider_id limit 1)
       union all
       select later.provider_id, later.provider from seen, lateral (
         select provider_id, provider from search.charges
         where tenant_id = $1 and provider_id > seen.provider_id order by provider_id limit 1) as later
     )
     select provider_id as id, provider as name from seen
     where exists (select from search.charges c where c.tenant_id = $1 and c.provider_id = seen.provider_id
                   and c.created_at > now() - interval '60 days')`,
    [tenantId],
    'search.charged_providers',
  );
}

/** What the ledger has of calls. One that it does not have was never made. */
export async function chargesOf(sql: Sql, callKeys: readonly string[]): Promise<OwnCharge[]> {
  const rows = await sql<Pick<OwnCharge, 'callKey' | 'state'> & { amount: string; reserved: string }>(
    `select effect_key as "callKey", state, amount_micros::text as amount, reserved_micros::text as reserved
     from search.charges
     where effect_key = any($1::text[]) and state in ('reserved', 'settled')`,
    [callKeys],
    'search.charges_of',
  );
  return rows.map(({ amount, reserved, ...charge }) => ({
    ...charge,
    amountMicros: BigInt(amount),
    reservedMicros: BigInt(reserved),
  }));
}

/**
 * Closes the books on calls whose process was lost and that nobody makes again: whether they reached the provider is
 * unknown, so they stay billed at what was reserved. What a process that was only thought lost still has to say comes too
 * late.
 */
export async function closeCharges(sql: Sql, callKeys: readonly string[]): Promise<void> {
  await sql(
    `update search.charges
     set state = 'settled', outcome = 'unknown', amount_micros = reserved_micros, settled_at = now()
     where effect_key = any($1::text[]) and state = 'reserved'`,
    [callKeys],
  );
}
