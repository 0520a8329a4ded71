import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line of one piece of work (a request, an activity, a delivery) says. Identifiers only. */
export interface LogFacts {
  trace_id?: string | null | undefined;
  request_id?: string;
  tenant_id?: string | undefined;
  workflow_id?: string | undefined;
  [fact: string]: unknown;
}

const facts = new AsyncLocalStorage<LogFacts>();

/** Does work whose log lines all carry these facts, besides those that hold around it. */
export function withLogFacts<T>(given: LogFacts, work: () => T): T {
  return facts.run({ ...facts.getStore(), ...given }, work);
}

/** Adds what has become known of the work under way. */
export function addLogFacts(given: LogFacts): void {
  Object.assign(facts.getStore() ?? {}, given);
}

/** What holds here. */
export function logFacts(): LogFacts {
  return { ...facts.getStore() };
}

/** Starts work that outlives the request in which it happens to begin, such as a loop that serves all of them. */
export function withoutLogFacts<T>(work: () => T): T {
  return facts.exit(work);
}
