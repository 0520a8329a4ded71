import type { BucketDemand, TokenBuckets } from '../../db/identity/token-buckets.ts';
import { networkOf } from '../../domain/identity/address.ts';
import { limits as standardLimits, type LimitedClass, type Limits } from '../../domain/identity/limits.ts';
import type { RateLimiter, RateState } from '../gateway.ts';
import type { Principal } from '../principal.ts';

/** What this process knows of a bucket. */
interface Bucket {
  limit: number;
  /** Tokens taken in advance and not used yet. */
  tokens: number;
  /** When they are void, so that they are never used on top of a later minute's. */
  tokensUntil: number;
  /** Tokens that were left at the last look. */
  remaining: number;
  fullAt: number;
  blockedUntil: number;
}

const leaseMilliseconds = 1_000;
const mostBuckets = 50_000;

/**
 * Counts requests, for all processes together, by API key, user, tenant and, for callers without a valid credential,
 * network. While a bucket is more than half full a process takes a small slice of it in advance and counts those requests
 * by itself; near the limit every request is counted at the shared bucket. So the limit is never exceeded, and most
 * requests cost no round trip. When the buckets can't be reached, the request fails: no answer is better than no limit.
 */
export function createRateLimiter(parts: {
  buckets: TokenBuckets;
  limits?: Limits;
  now?: () => number;
}): RateLimiter {
  const { limits = standardLimits, now = () => performance.now() } = parts;
  const buckets = new Map<string, Bucket>();
  const refilling = new Map<string, Promise<void>>();

  async function refill(demands: readonly BucketDemand[]): Promise<void> {
    const answers = await parts.buckets.take(demands);
    const at = now();
    for (const [index, demand] of demands.entries()) {
      const answer = answers[index];
      if (!answer) throw new Error('A bucket got no answer.');
      buckets.delete(demand.key);
      buckets.set(demand.key, {
        limit: demand.perMinute,
        tokens: answer.granted,
        tokensUntil: at + leaseMilliseconds,
        remaining: answer.remaining,
        fullAt: at + answer.resetSeconds * 1_000,
        blockedUntil: answer.granted === 0 ? at + answer.waitSeconds * 1_000 : 0,
      });
    }
    for (const oldest of buckets.keys()) {
      if (buckets.size <= mostBuckets) break;
      buckets.delete(oldest);
    }
  }

  function usable({ key }: BucketDemand, at: number): boolean {
    const bucket = buckets.get(key);
    return bucket !== undefined && bucket.tokens > 0 && bucket.tokensUntil > at;
  }

  /** A caller is the same object while it is known: what it falls under is worked out once. */
  const known = new WeakMap<Principal, Map<LimitedClass, BucketDemand[]>>();

  function demandsFor(
    rate: LimitedClass,
    { principal, address }: { principal: Principal | null; address: string },
  ): BucketDemand[] {
    if (!principal) return [demandOf(`address:${networkOf(address)}:${rate}`, limits.address[rate], rate)];
    let byRate = known.get(principal);
    if (!byRate) known.set(principal, (byRate = new Map()));
    let demands = byRate.get(rate);
    if (!demands) byRate.set(rate, (demands = demandsOf(limits, rate, principal)));
    return demands;
  }

  return {
    async take(request) {
      if (request.rate === 'system') throw new Error('Routes of the system have no limit.');
      const demands = demandsFor(request.rate, request);
      for (;;) {
        const at = now();
        const refused = refusal(demands, buckets, at);
        if (refused) return refused;
        const lacking = demands.filter((demand) => !usable(demand, at));
        if (lacking.length === 0) {
          const used = demands.flatMap(({ key }) => buckets.get(key) ?? []);
          for (const bucket of used) bucket.tokens -= 1;
          return tightest(used, at);
        }
        const pending = lacking.map((demand) => refilling.get(demand.key)).find(Boolean);
        if (pending) {
          // Its failure is its own caller's; this one asks again.
          await pending.catch(() => undefined);
          continue;
        }
        const filling = refill(lacking);
        for (const demand of lacking) refilling.set(demand.key, filling);
        try {
          await filling;
        } finally {
          for (const demand of lacking) refilling.delete(demand.key);
        }
      }
    },
  };
}

/** The buckets that a caller's requests fall under. */
function demandsOf(limits: Limits, rate: LimitedClass, principal: Principal): BucketDemand[] {
  const { caller, tenant } = limits.plans[principal.plan];
  return [
    ...(principal.apiKeyId ? [demandOf(`key:${principal.apiKeyId}:${rate}`, caller[rate], rate)] : []),
    demandOf(`user:${principal.userId}:${rate}`, caller[rate], rate),
    demandOf(`tenant:${principal.tenantId}:${rate}`, tenant[rate], rate),
  ];
}

function demandOf(key: string, perMinute: number, rate: LimitedClass): BucketDemand {
  const slice = rate === 'login' ? 1 : Math.min(200, Math.max(1, Math.floor(perMinute / 50)));
  return { key, perMinute, slice };
}

function refusal(
  demands: readonly BucketDemand[],
  buckets: ReadonlyMap<string, Bucket>,
  now: number,
): RateState | null {
  let longest: Bucket | null = null;
  for (const { key } of demands) {
    const bucket = buckets.get(key);
    if (bucket && bucket.blockedUntil > Math.max(now, longest?.blockedUntil ?? 0)) longest = bucket;
  }
  return longest && { ...stateOf(longest, now), retryAfterSeconds: (longest.blockedUntil - now) / 1_000 };
}

/** By the share that is left; of equal ones the first. */
function tightest(buckets: readonly Bucket[], now: number): RateState {
  let least: RateState | null = null;
  for (const bucket of buckets) {
    const state = stateOf(bucket, now);
    if (!least || state.remaining / state.limit < least.remaining / least.limit) least = state;
  }
  if (!least) throw new Error('A request falls under at least one limit.');
  return least;
}

function stateOf(bucket: Bucket, now: number): RateState {
  return {
    limit: bucket.limit,
    remaining: Math.max(0, bucket.remaining + bucket.tokens),
    resetSeconds: Math.max(0, bucket.fullAt - now) / 1_000,
    retryAfterSeconds: null,
  };
}
