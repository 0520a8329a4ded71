import { callKeyOf, chargesOf, closeCharges, type OwnCharge } from '../../db/search/own-charges.ts';
import type { Database } from '../../db/database.ts';
import { LimitsRepository } from '../../db/search/limits.repository.ts';
import type { StoredProvider } from '../../db/search/provider.repository.ts';
import type { Micros, SharedAnswer } from '../../domain/search/answer.ts';
import { highestCost } from '../../domain/search/provider.ts';
import type { SearchEffects, SearchScope } from './contract.ts';

/** What calls under a request's own key have cost, whoever answers it in the end. */
export interface OwnCalls {
  costMicros: Micros;
  /** Names of providers. */
  byProvider: ReadonlyMap<string, Micros>;
  /** What is left to settle, with the results. */
  settlements: SearchEffects['settlements'];
}

type Charges = ReadonlyMap<string, OwnCharge>;

/** A provider that calls in the ledger may be of. */
export interface LedgerProvider {
  id: string;
  name: string;
  isOutside: boolean;
}

/**
 * Those of a tenant that have calls in the ledger, also when they are no longer enabled. What costs nothing outside may
 * have cost something before.
 */
export function inLedger(providers: readonly StoredProvider[]): LedgerProvider[] {
  return providers
    .filter(({ kind, price }) => kind === 'http' || highestCost(price) > 0n)
    .map(({ id, name, kind }) => ({ id, name, isOutside: kind === 'http' }));
}

/**
 * A worker can be lost after its calls were made and paid and before its results are stored. Whoever takes the same
 * request up may be answered by somebody else's work, as it seems, or can't ask a provider that was paid, because it is
 * disabled or away, and must not take that for free: what the ledger has under the request's own key is its cost.
 */
export class OwnCallsReader {
  readonly #database: Database;
  readonly #providers: readonly LedgerProvider[];
  readonly #fence: SearchScope['fence'];

  /** @param fence throws when the requests are in somebody else's hands, whose calls are not to be closed */
  constructor(database: Database, providers: readonly LedgerProvider[], fence: SearchScope['fence']) {
    this.#database = database;
    this.#providers = providers;
    this.#fence = fence;
  }

  /** What calls have cost, and of those whose end is unknown the most that they may have, by effect key and provider id. */
  async taken(effectKeys: readonly string[]): Promise<Map<string, Map<string, Micros>>> {
    const charges = await this.#chargesOf(effectKeys);
    const byProvider = (effectKey: string): Map<string, Micros> => {
      const amounts = new Map<string, Micros>();
      for (const provider of this.#providers) {
        const charge = charges.get(callKeyOf(effectKey, provider.id));
        if (charge?.state === 'settled') amounts.set(provider.id, charge.amountMicros);
        else if (charge && provider.isOutside) amounts.set(provider.id, charge.reservedMicros);
      }
      return amounts;
    };
    return new Map(effectKeys.map((effectKey) => [effectKey, byProvider(effectKey)]));
  }

  /**
   * Closes the calls of requests: those whose end is unknown stay billed at what was reserved. A call within this process
   * asked nobody, and costs nothing.
   */
  async close(effectKeys: readonly string[]): Promise<void> {
    const charges = await this.#chargesOf(effectKeys);
    await this.#closeOutside(effectKeys, charges);
    for (const provider of this.#providers.filter(({ isOutside }) => !isOutside)) {
      const lost = reservedOf(provider, effectKeys, charges);
      if (lost.length === 0) continue;
      const unused = { outcome: 'throttled', amountMicros: 0n, answer: null } as const;
      const settlements = lost.map((effectKey) => ({ effectKey, ...unused }));
      await this.#database.transaction('search', async ({ sql }) => {
        await this.#fence?.(sql);
        await new LimitsRepository(sql).settle(provider, settlements, { leaseId: null, pauseMs: null });
      });
    }
  }

  /**
   * What answered requests have cost by calls of their own, by effect key; empty where nobody costs. A call outside that
   * nobody has told the end of is closed: it will not be made again. For a request that waits it may be, and counts until
   * then at what was reserved.
   *
   * @param pending what calls of theirs come to once the results are stored
   */
  async spent(
    answered: readonly { effectKey: string; answer: SharedAnswer; waits: boolean }[],
    pending: SearchEffects['settlements'],
  ): Promise<Map<string, OwnCalls>> {
    if (this.#providers.length === 0) return new Map();
    const keys = answered.map(({ effectKey }) => effectKey);
    const ended = answered.filter(({ waits }) => !waits).map(({ effectKey }) => effectKey);
    const found = await this.#chargesOf(keys);
    const charges = (await this.#closeOutside(ended, found)) ? await this.#chargesOf(keys) : found;
    const amounts = new Map(
      pending.map(({ settlement }) => [settlement.effectKey, settlement.amountMicros] as const),
    );
    return new Map(
      answered.map(({ effectKey, answer }) => [
        effectKey,
        this.#callsOf(effectKey, answer, charges, amounts),
      ]),
    );
  }

  #callsOf(
    effectKey: string,
    answer: SharedAnswer,
    charges: Charges,
    pending: ReadonlyMap<string, Micros>,
  ): OwnCalls {
    const byProvider = new Map<string, Micros>();
    const settlements: SearchEffects['settlements'][number][] = [];
    for (const provider of this.#providers) {
      const charge = charges.get(callKeyOf(effectKey, provider.id));
      if (!charge) continue;
      let amount = charge.state === 'settled' ? charge.amountMicros : pending.get(charge.callKey);
      if (amount === undefined && provider.isOutside) amount = charge.reservedMicros;
      if (amount === undefined) {
        const settlement = settledBy(answer, provider, charge.callKey);
        settlements.push({ providerId: provider.id, settlement });
        amount = settlement.amountMicros;
      }
      // One that was deleted may have had the name of another.
      if (amount > 0n) byProvider.set(provider.name, amount + (byProvider.get(provider.name) ?? 0n));
    }
    const costMicros = sumOf(byProvider);
    return { costMicros, byProvider, settlements };
  }

  /** Closes the calls outside whose end is unknown. Gives whether there were any. */
  async #closeOutside(effectKeys: readonly string[], charges: Charges): Promise<boolean> {
    const lost = this.#providers
      .filter(({ isOutside }) => isOutside)
      .flatMap((provider) => reservedOf(provider, effectKeys, charges));
    if (lost.length === 0) return false;
    await this.#database.transaction('search', async ({ sql }) => {
      await this.#fence?.(sql);
      await closeCharges(sql, lost);
    });
    return true;
  }

  async #chargesOf(effectKeys: readonly string[]): Promise<Charges> {
    if (this.#providers.length === 0 || effectKeys.length === 0) return new Map();
    const callKeys = this.#providers.flatMap(({ id }) => effectKeys.map((key) => callKeyOf(key, id)));
    const found = await this.#database.read('search', ({ sql }) => chargesOf(sql, callKeys));
    return new Map(found.map((charge) => [charge.callKey, charge]));
  }
}

/** Nobody outside was asked: the provider in this process said what the answer says of it, and costs what that cost. */
function settledBy(
  answer: SharedAnswer,
  { name }: LedgerProvider,
  effectKey: string,
): SearchEffects['settlements'][number]['settlement'] {
  const step = answer.trace.find(({ provider }) => provider === name);
  const outcome = step?.outcome === 'hit' || step?.outcome === 'miss' ? step.outcome : 'throttled';
  return { effectKey, outcome, amountMicros: BigInt(step?.costMicros ?? 0), answer: null };
}

function reservedOf({ id }: LedgerProvider, effectKeys: readonly string[], charges: Charges): string[] {
  return effectKeys.map((key) => callKeyOf(key, id)).filter((key) => charges.get(key)?.state === 'reserved');
}

export function sumOf(amounts: ReadonlyMap<string, Micros>): Micros {
  return [...amounts.values()].reduce((sum, micros) => sum + micros, 0n);
}
