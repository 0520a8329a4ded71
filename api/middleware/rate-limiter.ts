import type { BucketDemand, TokenBuckets } from '../../db/identity/token-buckets.ts';
import { networkOf } from '../../domain/identity/address.ts';
import { limits as standardLimits, type LimitedClass, type Limits } from '../../domain/identity/limits.ts';
import type { RateLimiter, RateState } from '../gateway.ts';
import type { Principal } from '../principal.ts';
import type { RateClass } from '../route.ts';

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

  function usable(demand: BucketDemand): Bucket | null {
    const bucket = buckets.get(demand.key);
    return bucket && bucket.tokens > 0 && bucket.tokensUntil > now() ? bucket : null;
  }

  return {
    async take(request) {
      if (request.rate === 'system') throw new Error('Routes of the system have no limit.');
      const demands = demandsOf(limits, { ...request, rate: request.rate });
      for (;;) {
        const refused = refusal(demands, buckets, now());
        if (refused) return refused;
        const lacking = demands.filter((demand) => !usable(demand));
        if (lacking.length === 0) {
          const used = demands.flatMap((demand) => usable(demand) ?? []);
          for (const bucket of used) bucket.tokens -= 1;
          return tightest(used, now());
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

/** The buckets that a request falls under. */
function demandsOf(
  limits: Limits,
  request: { rate: Exclude<RateClass, 'system'>; address: string; principal: Principal | null },
): BucketDemand[] {
  const rate: LimitedClass = request.rate;
  const { principal } = request;
  if (!principal)
    return [demandOf(`address:${networkOf(request.address)}:${rate}`, limits.address[rate], rate)];
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
  const blocked = demands
    .flatMap((demand) => buckets.get(demand.key) ?? [])
    .filter((bucket) => bucket.blockedUntil > now)
    .sort((a, b) => b.blockedUntil - a.blockedUntil)[0];
  if (!blocked) return null;
  return { ...stateOf(blocked, now), retryAfterSeconds: (blocked.blockedUntil - now) / 1_000 };
}

function tightest(buckets: readonly Bucket[], now: number): RateState {
  const states = buckets.map((bucket) => stateOf(bucket, now));
  const [first] = states.sort((a, b) => a.remaining / a.limit - b.remaining / b.limit);
  if (!first) throw new Error('A request falls under at least one limit.');
  return first;
}

function stateOf(bucket: Bucket, now: number): RateState {
  return {
    limit: bucket.limit,
    remaining: Math.max(0, bucket.remaining + bucket.tokens),
    resetSeconds: Math.max(0, bucket.fullAt - now) / 1_000,
    retryAfterSeconds: null,
  };
}
