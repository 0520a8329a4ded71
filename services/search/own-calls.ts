import { callKeyOf, chargesOf, closeCharges, type OwnCharge } from '../../db/search/own-charges.ts';
import type { Database } from '../../db/database.ts';
import { LimitsRepository } from '../../db/search/limits.repository.ts';
import type { StoredProvider } from '../../db/search/provider.repository.ts';
import type { Micros, SharedAnswer } from '../../domain/search/answer.ts';
import { highestCost } from '../../domain/search/provider.ts';
import type { SearchEffects } from './contract.ts';

/** What calls under a request's own key have cost, though an equal request or the cache answers it. */
export interface OwnCalls {
  costMicros: Micros;
  /** Names of providers. */
  byProvider: ReadonlyMap<string, Micros>;
  /** What is left to settle, with the results. */
  settlements: SearchEffects['settlements'];
}

export const noCalls: OwnCalls = { costMicros: 0n, byProvider: new Map(), settlements: [] };

/**
 * A worker can be lost after its calls were made and paid and their answer is there for all, and before its results are
 * stored. Whoever takes the same request up is then answered by somebody else's work, as it seems, and must not take it for
 * free: what the ledger has under the request's own key is its cost.
 */
export class OwnCallsReader {
  readonly #database: Database;
  readonly #priced: readonly StoredProvider[];

  /** @param providers all of the tenant, also those that are no longer enabled */
  constructor(database: Database, providers: readonly StoredProvider[]) {
    this.#database = database;
    this.#priced = providers.filter(({ price }) => highestCost(price) > 0n);
  }

  /** What requests have paid so far, by effect key. */
  async paid(effectKeys: readonly string[]): Promise<Map<string, Micros>> {
    const charges = await this.#chargesOf(effectKeys);
    const amount = (key: string, { id }: StoredProvider): Micros =>
      charges.get(callKeyOf(key, id))?.amountMicros ?? 0n;
    return new Map(
      effectKeys.map((key) => [key, this.#priced.reduce((sum, provider) => sum + amount(key, provider), 0n)]),
    );
  }

  /** Closes the calls of requests that nobody asks again. One within this process asked nobody, and costs nothing. */
  async close(effectKeys: readonly string[]): Promise<void> {
    const charges = await this.#chargesOf(effectKeys);
    for (const provider of this.#priced) {
      const lost = reservedOf(provider, effectKeys, charges);
      if (lost.length === 0) continue;
      await this.#database.read('search', async ({ sql }) => {
        if (isOutside(provider)) return await closeCharges(sql, lost);
        const unused = { outcome: 'throttled', amountMicros: 0n, answer: null } as const;
        const settlements = lost.map((effectKey) => ({ effectKey, ...unused }));
        await new LimitsRepository(sql).settle(provider, settlements, { leaseId: null, pauseMs: null });
      });
    }
  }

  /**
   * What requests that somebody else's work answers have cost by calls of their own, by effect key. A call outside that
   * nobody has told the end of is closed: it will not be made again.
   */
  async spent(
    answered: readonly { effectKey: string; answer: SharedAnswer }[],
  ): Promise<Map<string, OwnCalls>> {
    const keys = answered.map(({ effectKey }) => effectKey);
    let charges = await this.#chargesOf(keys);
    const lost = this.#priced.filter(isOutside).flatMap((provider) => reservedOf(provider, keys, charges));
    if (lost.length > 0) {
      await this.#database.read('search', ({ sql }) => closeCharges(sql, lost));
      charges = await this.#chargesOf(keys);
    }
    return new Map(
      answered.map(({ effectKey, answer }) => [effectKey, this.#callsOf(effectKey, answer, charges)]),
    );
  }

  #callsOf(effectKey: string, answer: SharedAnswer, charges: Map<string, OwnCharge>): OwnCalls {
    const byProvider = new Map<string, Micros>();
    const settlements: SearchEffects['settlements'][number][] = [];
    for (const provider of this.#priced) {
      const charge = charges.get(callKeyOf(effectKey, provider.id));
      if (!charge) continue;
      if (charge.state === 'settled') {
        if (charge.amountMicros > 0n) byProvider.set(provider.name, charge.amountMicros);
        continue;
      }
      const settlement = settledBy(answer, provider, charge.callKey);
      settlements.push({ providerId: provider.id, settlement });
      if (settlement.amountMicros > 0n) byProvider.set(provider.name, settlement.amountMicros);
    }
    const costMicros = [...byProvider.values()].reduce((sum, amount) => sum + amount, 0n);
    return { costMicros, byProvider, settlements };
  }

  async #chargesOf(effectKeys: readonly string[]): Promise<Map<string, OwnCharge>> {
    if (this.#priced.length === 0 || effectKeys.length === 0) return new Map();
    const callKeys = this.#priced.flatMap(({ id }) => effectKeys.map((key) => callKeyOf(key, id)));
    const found = await this.#database.read('search', ({ sql }) => chargesOf(sql, callKeys));
    return new Map(found.map((charge) => [charge.callKey, charge]));
  }
}

/** Nobody outside was asked: the provider in this process said what the answer says of it, and costs what that cost. */
function settledBy(
  answer: SharedAnswer,
  { name }: StoredProvider,
  effectKey: string,
): SearchEffects['settlements'][number]['settlement'] {
  const step = answer.trace.find(({ provider }) => provider === name);
  const outcome = step?.outcome === 'hit' || step?.outcome === 'miss' ? step.outcome : 'throttled';
  return { effectKey, outcome, amountMicros: BigInt(step?.costMicros ?? 0), answer: null };
}

function reservedOf(
  { id }: StoredProvider,
  effectKeys: readonly string[],
  charges: ReadonlyMap<string, OwnCharge>,
): string[] {
  return effectKeys.map((key) => callKeyOf(key, id)).filter((key) => charges.get(key)?.state === 'reserved');
}

function isOutside({ kind }: StoredProvider): boolean {
  return kind === 'http';
}
