import { LimitsRepository, type Settlement } from '../../db/search/limits.repository.ts';
import type { Micros } from '../../domain/search/answer.ts';
import { costOf, type ProviderAnswer, type SearchProvider } from '../../domain/search/provider.ts';
import type { GuardResult } from '../../platform/resilience/guard.ts';
import { barred, type CallOutcome } from './calls.ts';
import { optionsOf } from './in-process-calls.ts';
import { settlementOf, type MeteredContext } from './metered-context.ts';
import type { Question } from './questions.ts';
import type { ReadyProvider } from './ready-provider.ts';

/** A call whose money is reserved. */
export interface OutsideCall {
  question: Question;
  /** Its key in the ledger, and the idempotency key that the vendor is told. */
  chargeKey: string;
  /** What it has cost, when the ledger knows that and not its answer any more: it is asked again, and not billed again. */
  billed: Micros | null;
}

export interface MadeCall {
  call: OutsideCall;
  outcome: CallOutcome;
}

/**
 * Makes calls, so many at once, and settles each as soon as it has ended: those that end while others are being settled
 * are settled together. A process that dies thus leaves no answer unsettled for longer than one statement takes.
 */
export async function callOutside(
  context: MeteredContext,
  provider: ReadyProvider,
  calls: readonly OutsideCall[],
  options: { atOnce: number; leaseId: string | null },
): Promise<MadeCall[]> {
  const settling = new SettlingQueue(context, provider);
  const made: MadeCall[] = [];
  const left = [...calls].reverse();
  const worker = async (): Promise<void> => {
    for (let call = left.pop(); call; call = left.pop()) {
      const { outcome, settlement, pauseMs } = await callOne(context, provider, call);
      made.push({ call, outcome });
      settling.add(settlement, pauseMs);
    }
  };
  const workers = await Promise.allSettled(
    Array.from({ length: Math.min(options.atOnce, calls.length) }, () => worker()),
  );
  await settling.finish(options.leaseId);
  const failed = workers.find((worker) => worker.status === 'rejected');
  if (failed) throw failed.reason;
  return made;
}

interface EndedCall {
  outcome: CallOutcome;
  settlement: Settlement;
  pauseMs: number | null;
}

async function callOne(
  context: MeteredContext,
  provider: ReadyProvider,
  call: OutsideCall,
): Promise<EndedCall> {
  const { source, guard } = provider;
  if (!guard || 'unusable' in source) throw new Error('A provider that cannot be asked was asked.');
  const started = performance.now();
  const result = await guard.run((signal) => ask(source, call, signal), context.signal);
  const milliseconds = performance.now() - started;
  const answer = answerOf(result);
  context.health.note(provider, answer, milliseconds);
  const free = result.ok ? null : notAsked(result);
  if (free) return { outcome: free, settlement: unused(call), pauseMs: null };
  if (answer.outcome === 'throttled') {
    const pauseMs = answer.retryAfterMs ?? null;
    const reason = answer.reason ?? 'the provider wants fewer requests';
    return {
      outcome: barred('throttled', 'unavailable', reason, pauseMs),
      settlement: unused(call),
      pauseMs: pauseMs ?? 1_000,
    };
  }
  const cost = call.billed ?? costOf(provider.stage.price, answer);
  return {
    outcome: { heard: { answer, cost, milliseconds } },
    settlement: settlementOf(call.chargeKey, answer, cost, isKept(context, result, answer)),
    pauseMs: null,
  };
}

/**
 * A failure is kept in a batch only. Its rows have a key of their own for every time that somebody wants them asked
 * again; what is tried again because a worker died must come to what it had come to, and must not put the failures, now
 * one after another without the hits between them, to the vendor once more: that would open its circuit.
 */
function isKept(
  { scope, signal }: MeteredContext,
  result: GuardResult<ProviderAnswer>,
  { outcome }: ProviderAnswer,
): boolean {
  if (outcome === 'error') return scope.source === 'batch' && result.ok && !signal.aborted;
  return outcome === 'hit' || outcome === 'miss';
}

function ask(source: SearchProvider, call: OutsideCall, signal: AbortSignal): Promise<ProviderAnswer> {
  return source.search(call.question.query, {
    ...optionsOf(call.question, signal),
    effectKey: call.chargeKey,
  });
}

function answerOf(result: GuardResult<ProviderAnswer>): ProviderAnswer {
  if (result.ok) return result.value;
  const none = { people: [], validated: false };
  if (result.code === 'timeout') return { ...none, outcome: 'error', reason: 'no answer in time' };
  if (result.code === 'cancelled') return { ...none, outcome: 'error', reason: 'the search was cancelled' };
  return { ...none, outcome: 'throttled', reason: result.code };
}

/** A call that the guard has kept back. */
function notAsked(refusal: Exclude<GuardResult<ProviderAnswer>, { ok: true }>): CallOutcome | null {
  if (refusal.code === 'circuit_open') {
    return barred('skipped', 'unavailable', 'its circuit is open after failures', refusal.retryAfterMs);
  }
  if (refusal.code === 'overloaded')
    return barred('skipped', 'unavailable', 'too many calls wait for it', 1_000);
  return null;
}

function unused(call: OutsideCall): Settlement {
  return { effectKey: call.chargeKey, outcome: 'throttled', amountMicros: 0n, answer: null };
}

/** Writes settlements one statement after another, each with all that have come meanwhile. */
class SettlingQueue {
  readonly #context: MeteredContext;
  readonly #provider: ReadyProvider;
  #waiting: Settlement[] = [];
  #pauseMs: number | null = null;
  #writing: Promise<void> | null = null;

  constructor(context: MeteredContext, provider: ReadyProvider) {
    this.#context = context;
    this.#provider = provider;
  }

  add(settlement: Settlement, pauseMs: number | null): void {
    this.#waiting.push(settlement);
    if (pauseMs !== null) this.#pauseMs = Math.max(this.#pauseMs ?? 0, pauseMs);
    if (this.#writing) return;
    this.#writing = this.#drain();
    // Its failure is raised by `finish`; until then it must not count as unheard.
    this.#writing.catch(() => undefined);
  }

  /** Waits for everything to be settled, and gives the lease back with the last of it. */
  async finish(leaseId: string | null): Promise<void> {
    await this.#writing;
    if (leaseId !== null) await this.#write([], leaseId, null);
  }

  async #drain(): Promise<void> {
    // The first turn is the next one, so that calls that end together are settled together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const settlements = this.#waiting;
      const pauseMs = this.#pauseMs;
      this.#waiting = [];
      this.#pauseMs = null;
      await this.#write(settlements, null, pauseMs);
    }
    this.#writing = null;
  }

  async #write(
    settlements: readonly Settlement[],
    leaseId: string | null,
    pauseMs: number | null,
  ): Promise<void> {
    await this.#context.parts.database.read('search', ({ sql }) =>
      new LimitsRepository(sql).settle(this.#provider.stored, settlements, { leaseId, pauseMs }),
    );
  }
}
