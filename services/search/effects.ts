import { LimitsRepository, type Settlement } from '../../db/search/limits.repository.ts';
import { insertLogEntries } from '../../db/search/search-log.repository.ts';
import type { Sql } from '../../db/sql.ts';
import type { NewEvent } from '../../domain/events/event.ts';
import type { SearchEffects, SearchRequest, SearchResult, SearchScope } from './contract.ts';

/** What searches leave behind, to be written with their results. */
export function effectsOf(
  currency: string,
  settlements: SearchEffects['settlements'],
  log: SearchEffects['log'],
): SearchEffects {
  return { currency, settlements, log, days: daysOf(log) };
}

function daysOf(log: SearchEffects['log']): string[] {
  // The searches of one step have one time: its day is worked out once.
  const times = new Set(log.map(({ performedAt }) => performedAt.getTime()));
  return [...new Set([...times].map((time) => new Date(time).toISOString().slice(0, 10)))];
}

/** Writes bill and log: one statement a provider that was billed, and one for the log. */
export async function writeEffects(sql: Sql, scope: SearchScope, effects: SearchEffects): Promise<void> {
  const byProvider = new Map<string, Settlement[]>();
  for (const { providerId, settlement } of effects.settlements) {
    const known = byProvider.get(providerId);
    if (known) known.push(settlement);
    else byProvider.set(providerId, [settlement]);
  }
  // In one order for all, so that two transactions wait for each other and never in a circle.
  for (const providerId of [...byProvider.keys()].toSorted()) {
    const settlements = byProvider.get(providerId) ?? [];
    await new LimitsRepository(sql).settle({ id: providerId }, settlements, {
      leaseId: null,
      pauseMs: null,
    });
  }
  await insertLogEntries(sql, { ...scope, currency: effects.currency }, effects.log);
}

/** The event of a single search. */
export function performed(
  scope: SearchScope,
  request: SearchRequest,
  result: SearchResult,
  effects: SearchEffects,
): NewEvent {
  return {
    type: 'search.performed',
    tenantId: scope.tenantId,
    subject: `search:${result.searchId}`,
    actorId: scope.userId,
    traceId: scope.traceId,
    data: {
      search_id: result.searchId,
      kind: request.kind,
      status: result.status,
      cached: result.cached,
      cost_micros: String(result.costMicros),
      days: effects.days,
    },
  };
}
