import type { z } from 'zod';
import type { LogRecord } from '../../db/search/search-log.repository.ts';
import { formatDecimal } from '../../domain/search/micros.ts';
import type { ProviderKind } from '../../domain/search/provider.ts';
import type { NormalisedQuery } from '../../domain/search/query.ts';
import type {
  ProviderStep,
  RankedPerson,
  SearchPrice,
  SearchResult,
} from '../../services/search/contract.ts';
import type {
  loggedSearch,
  providerStep,
  rankedPerson,
  readQuery,
  searchAnswer,
  searchPrice,
} from './search.schemas.ts';

/** A search that came to an answer, be it that nobody was found. */
export function presentAnswer(result: SearchResult, query: NormalisedQuery): z.input<typeof searchAnswer> {
  return {
    search_id: result.searchId,
    status: result.status as 'found' | 'not_found' | 'over_budget',
    query: presentQuery(query),
    people: result.people.map(presentPerson),
    facts: result.facts,
    cost: { amount: formatDecimal(result.costMicros), currency: result.currency },
    cached: result.cached,
    trace: result.trace.map(presentStep),
  };
}

export function presentPrice(price: SearchPrice, query: NormalisedQuery): z.input<typeof searchPrice> {
  return {
    status: 'dry_run',
    query: presentQuery(query),
    highest_cost: { amount: formatDecimal(price.maxMicros), currency: price.currency },
    providers: price.steps.map(({ provider, costMicros }) => ({
      provider,
      highest_cost: formatDecimal(BigInt(costMicros)),
    })),
  };
}

function presentQuery({ kind, phones, emails, warnings }: NormalisedQuery): z.input<typeof readQuery> {
  return {
    kind,
    phones,
    emails: emails.map(({ raw, address, domain, key }) => ({ raw, address, domain, key })),
    warnings: warnings.map(({ pointer, message }) => ({ pointer: `/body${pointer}`, message })),
  };
}

export function presentPerson(person: RankedPerson): z.input<typeof rankedPerson> {
  return {
    person_id: person.personId,
    record_set_id: person.recordSetId,
    provider: person.provider,
    also_from: [...person.alsoFrom],
    probability: person.probability,
    validated: person.validated,
    matched_on: [...person.matchedOn],
    fields: person.fields,
    evidence: person.evidence.map(({ field, level, weight, query, value }) => ({
      field,
      level,
      weight,
      query,
      value,
    })),
  };
}

export function presentStep(step: ProviderStep): z.input<typeof providerStep> {
  return {
    provider: step.provider,
    kind: step.kind as ProviderKind,
    outcome: step.outcome,
    reason: step.reason,
    cost: formatDecimal(BigInt(step.costMicros)),
    milliseconds: step.milliseconds,
  };
}

export function presentLogged(record: LogRecord): z.input<typeof loggedSearch> {
  return {
    search_id: record.id,
    performed_at: record.performedAt,
    user_id: record.userId,
    source: record.source as 'api' | 'batch',
    kind: record.kind,
    status: record.status,
    people: record.people,
    problem: record.problem,
    cost: { amount: formatDecimal(BigInt(record.costMicros)), currency: record.currency },
    cached: record.cached,
    milliseconds: record.milliseconds,
    trace: record.trace.map(presentStep),
    trace_id: record.traceId,
  };
}
