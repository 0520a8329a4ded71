import { answerOf, ttlOf } from './answers.ts';
import type { SearchEffects, SearchScope } from './contract.ts';
import { descend } from './descent.ts';
import type { HealthReporter } from './health-reporter.ts';
import type { MeteredContext } from './metered-context.ts';
import type { SearchParts } from './parts.ts';
import type { Purse } from './purse.ts';
import type { Question } from './questions.ts';
import { answerShared, type Shared, type WorkedOut } from './shared-answers.ts';
import type { Tenant } from './tenants.ts';

/** What calls come to that are settled with the results. */
export type Settlements = SearchEffects['settlements'][number][];

/** What questions of a tenant are answered with. */
export function contextOf(
  { parts, health }: { parts: SearchParts; health: HealthReporter },
  scope: SearchScope,
  { setup }: Tenant,
  signal: AbortSignal,
  settlements: Settlements,
): MeteredContext {
  return {
    parts,
    health,
    scope: { ...scope, currency: setup.currency },
    signal,
    settleLater: (providerId, settlement) => settlements.push({ providerId, settlement }),
  };
}

/**
 * Answers questions, each of which stands for all that are equal to it.
 *
 * @param sharing equal questions of other processes and the cache: `always`, or only where asking again is `dear`,
 *   which it is once a provider costs or is outside. In a batch, looking into records again is cheaper.
 */
export async function answerAll(
  context: MeteredContext,
  tenant: Tenant,
  questions: readonly Question[],
  purse: Purse,
  sharing: 'always' | 'dear',
): Promise<Map<Question, Shared>> {
  const work = async (ours: readonly Question[]): Promise<Map<Question, WorkedOut>> => {
    await descend(context, tenant.providers, ours, purse);
    return new Map(
      ours.map((question) => {
        const answer = answerOf(question);
        const ttlSeconds = ttlOf(answer, tenant.providers, tenant.setup.cacheTtlSeconds);
        return [question, { answer, ttlSeconds }];
      }),
    );
  };
  if (sharing === 'dear' && !tenant.providers.some(({ metered }) => metered)) {
    const found = await work(questions);
    return new Map([...found].map(([question, { answer }]) => [question, { answer, others: false }]));
  }
  return await answerShared(context.parts, context.scope.tenantId, questions, work, context.signal);
}
