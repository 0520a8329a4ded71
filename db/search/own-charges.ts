import type { Micros } from '../../domain/search/answer.ts';
import type { Sql } from '../sql.ts';

/** A call that was made or is reserved. */
export interface OwnCharge {
  callKey: string;
  /** Reserved: whoever was to make the call has not told what came of it. */
  state: 'reserved' | 'settled';
  /** What it has cost; of one that is reserved, 0. */
  amountMicros: Micros;
}

/** The key of a call in the ledger, which is also what its vendor is told. */
export function callKeyOf(effectKey: string, providerId: string): string {
  return `${effectKey}:${providerId}`;
}

/** What the ledger has of calls. One that it does not have was never made. */
export async function chargesOf(sql: Sql, callKeys: readonly string[]): Promise<OwnCharge[]> {
  const rows = await sql<Omit<OwnCharge, 'amountMicros'> & { amount: string }>(
    `select effect_key as "callKey", state, amount_micros::text as amount from search.charges
     where effect_key = any($1::text[]) and state in ('reserved', 'settled')`,
    [callKeys],
    'search.charges_of',
  );
  return rows.map(({ amount, ...charge }) => ({ ...charge, amountMicros: BigInt(amount) }));
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
