import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import {
  LimitsRepository,
  slotLeaseSeconds,
  type Reservation,
  type Reserved,
} from '../../db/search/limits.repository.ts';
import { callKeyOf } from '../../db/search/own-charges.ts';
import type { RefusalCause } from '../../domain/search/admission.ts';
import { costOf } from '../../domain/search/provider.ts';
import { barred, type CallOutcome } from './calls.ts';
import { callOutside, type OutsideCall } from './outside-calls.ts';
import { askInProcess } from './in-process-calls.ts';
import { settlementOf, type MeteredContext } from './metered-context.ts';
import type { Question } from './questions.ts';
import { mostCallsUnderWay, type ReadyProvider } from './ready-provider.ts';

/**
 * Longest that a search waits for its turn at a provider, all in all. A person is in front of it, or it is a batch, whose
 * rows then come again: while it waits it has a worker's slot, which another tenant's work may need.
 */
const patienceMs = 5_000;

/** How long a provider is left alone that says "too many" without saying for how long. */
const defaultPauseMs = 1_000;

/**
 * Asks a provider that costs, is limited or is outside: reserve, commit, call, settle. What is refused for now is asked
 * for again while it is worth waiting; the rest comes back barred, with the time to come again.
 */
export async function askMetered(
  context: MeteredContext,
  provider: ReadyProvider,
  questions: readonly Question[],
): Promise<Map<Question, CallOutcome>> {
  const outcomes = new Map<Question, CallOutcome>();
  let pending = [...questions];
  const deadline = Date.now() + patienceMs;
  while (pending.length > 0) {
    context.signal.throwIfAborted();
    const round = await callOnce(context, provider, pending);
    for (const [question, outcome] of round.outcomes) outcomes.set(question, outcome);
    if (round.waiting.length === 0) break;
    if (Date.now() + round.waitMs > deadline) {
      const reason = waitReasons[round.cause];
      for (const question of round.waiting) {
        outcomes.set(question, barred('throttled', 'unavailable', reason, round.waitMs));
      }
      break;
    }
    await delay(round.waitMs, undefined, { signal: context.signal });
    pending = round.waiting;
  }
  return outcomes;
}

type WaitCause = Extract<RefusalCause, 'paused' | 'rate' | 'concurrency'>;

const waitReasons: Record<WaitCause, string> = {
  paused: 'the provider asked for a pause',
  rate: 'its rate limit is used up',
  concurrency: 'as many calls as it allows are under way',
};

const budgetReasons = {
  budget_day: "the provider's budget of the day is used up",
  budget_month: "the provider's budget of the month is used up",
} as const;

interface Round {
  outcomes: Map<Question, CallOutcome>;
  waiting: Question[];
  waitMs: number;
  cause: WaitCause;
}

/** One round: what may go out now goes out. */
async function callOnce(
  context: MeteredContext,
  provider: ReadyProvider,
  questions: readonly Question[],
): Promise<Round> {
  const round: Round = { outcomes: new Map(), waiting: [], waitMs: 0, cause: 'rate' };
  const leaseId = uuidv7();
  const chargeKeys = questions.map(({ effectKey }) => callKeyOf(effectKey, provider.stored.id));
  const reserved = await context.parts.database.transaction('search', async ({ sql }) => {
    await context.scope.fence?.(sql);
    return await new LimitsRepository(sql).reserve(context.scope, provider.stored, chargeKeys, leaseId);
  });
  const calls: OutsideCall[] = [];
  for (const [index, question] of questions.entries()) {
    const reservation = reserved.reservations[index];
    const chargeKey = chargeKeys[index];
    if (!reservation || chargeKey === undefined) throw new Error('A call got no reservation.');
    const call = sort(round, question, reservation);
    const billed = reservation.state === 'settled' ? reservation.amountMicros : null;
    if (call) calls.push({ question, chargeKey, billed });
  }
  await withLease(context, reserved.leased ? leaseId : null, () =>
    make(context, provider, calls, reserved, reserved.leased ? leaseId : null, round),
  );
  return round;
}

/** Puts a question where its reservation sends it; true when it is to be called. */
function sort(round: Round, question: Question, reservation: Reservation): boolean {
  if (reservation.state === 'granted') return true;
  if (reservation.state === 'settled') {
    const { answer, amountMicros } = reservation;
    // The provider in this process keeps no answers, and those of the others are kept for a day.
    if (answer === null) return true;
    round.outcomes.set(question, { heard: { answer, cost: amountMicros, milliseconds: 0 } });
    return false;
  }
  const { cause, retryAfterMs } = reservation;
  if (cause === 'budget_day' || cause === 'budget_month') {
    round.outcomes.set(question, barred('skipped', 'budget', budgetReasons[cause]));
  } else wait(round, question, cause, retryAfterMs ?? defaultPauseMs);
  return false;
}

function wait(round: Round, question: Question, cause: WaitCause, waitMs: number): void {
  round.waiting.push(question);
  if (waitMs > round.waitMs) {
    round.waitMs = waitMs;
    round.cause = cause;
  }
}

async function make(
  context: MeteredContext,
  provider: ReadyProvider,
  calls: readonly OutsideCall[],
  reserved: Reserved,
  leaseId: string | null,
  round: Round,
): Promise<void> {
  if (calls.length === 0) return;
  if ('unusable' in provider.source) throw new Error('A provider that cannot be used was asked.');
  if (provider.guard) {
    const answers = await callOutside(context, provider, calls, {
      atOnce: Math.min(mostCallsUnderWay, Math.max(1, reserved.atOnce)),
      leaseId,
    });
    for (const { call, outcome } of answers) {
      const pause = 'barred' in outcome && outcome.barred.outcome === 'throttled' ? outcome.barred : null;
      if (pause) wait(round, call.question, 'paused', pause.retryAfterMs ?? defaultPauseMs);
      else round.outcomes.set(call.question, outcome);
    }
    return;
  }
  const asked = calls.map(({ question }) => question);
  const answers = await askInProcess(provider.source, asked, context.signal);
  for (const [index, { question, chargeKey, billed }] of calls.entries()) {
    const timed = answers[index];
    if (!timed) throw new Error('A question got no answer.');
    const { answer, milliseconds } = timed;
    const cost = billed ?? costOf(provider.stage.price, answer);
    round.outcomes.set(question, { heard: { answer, cost, milliseconds } });
    context.health.note(provider, answer, milliseconds);
    context.settleLater(provider.stored.id, settlementOf(chargeKey, answer, cost, false));
  }
  if (leaseId !== null) await release(context, provider, leaseId);
}

async function release(context: MeteredContext, provider: ReadyProvider, leaseId: string): Promise<void> {
  await context.parts.database.read('search', ({ sql }) =>
    new LimitsRepository(sql).settle(provider.stored, [], { leaseId, pauseMs: null }),
  );
}

/** Keeps the slots of a lease while the work goes on. */
async function withLease(
  context: MeteredContext,
  leaseId: string | null,
  work: () => Promise<void>,
): Promise<void> {
  if (leaseId === null) return await work();
  const renewing = setInterval(
    () => {
      context.parts.database
        .read('search', ({ sql }) => new LimitsRepository(sql).renewLease(leaseId))
        .catch((error: unknown) =>
          context.parts.log.warn({ err: error }, 'the slots of a provider were not renewed'),
        );
    },
    (slotLeaseSeconds * 1_000) / 3,
  );
  try {
    await work();
  } finally {
    clearInterval(renewing);
  }
}
