import { writeHealth, type HealthReport } from '../../db/search/provider-health.repository.ts';
import type { ProviderAnswer } from '../../domain/search/provider.ts';
import { withoutLogFacts } from '../../platform/log-context.ts';
import type { GuardState } from '../../platform/resilience/guard.ts';
import type { SearchParts } from './parts.ts';
import type { ReadyProvider } from './ready-provider.ts';

/** How long reports are gathered before they are written. */
const gatherMs = 1_000;
/** Latencies of one report: enough for quantiles of a minute. */
const mostLatencies = 200;

/** Gathers how calls went, and writes it down now and then: health is for people to look at, not for the bill. */
export class HealthReporter {
  readonly #parts: SearchParts;
  readonly #reports = new Map<string, HealthReport>();
  readonly #states = new Map<string, GuardState>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }

  /** Notes calls that ended alike, with the time of each. */
  note(
    provider: ReadyProvider,
    answer: Pick<ProviderAnswer, 'outcome' | 'reason'>,
    milliseconds: number,
    calls = 1,
  ): void {
    if (calls === 0) return;
    const report = this.#reportOf(provider.stored.id);
    report.calls += calls;
    report[counters[answer.outcome]] += calls;
    if (report.milliseconds.length < mostLatencies) report.milliseconds.push(milliseconds);
    if (answer.outcome === 'error') {
      report.lastFailure = answer.reason ?? 'no usable answer';
    }
    this.#noteBreaker(provider, report);
    this.#timer ??= withoutLogFacts(() => setTimeout(() => void this.flush(), gatherMs).unref());
  }

  /** Writes what was gathered. */
  async flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const reports = [...this.#reports.values()];
    this.#reports.clear();
    if (reports.length > 0) {
      this.#writing = this.#writing.then(async () => {
        try {
          await this.#parts.database.read('search', ({ sql }) => writeHealth(sql, reports));
        } catch (error) {
          // A search must not fail for want of its health report; the next one tells anew.
          this.#parts.log.warn({ err: error }, 'the health of providers was not written');
        }
      });
    }
    await this.#writing;
  }

  /** A breaker that trips or closes is written at once, so that other processes see it. */
  #noteBreaker(provider: ReadyProvider, report: HealthReport): void {
    if (!provider.guard) return;
    const { state } = provider.guard;
    if ((this.#states.get(provider.stored.id) ?? 'closed') === state) return;
    this.#states.set(provider.stored.id, state);
    report.breaker = { state, openForMs: state === 'open' ? provider.stored.breaker.cooldownMs : null };
    setImmediate(() => void this.flush());
  }

  #reportOf(providerId: string): HealthReport {
    let report = this.#reports.get(providerId);
    if (!report) {
      report = {
        providerId,
        calls: 0,
        hits: 0,
        misses: 0,
        errors: 0,
        throttled: 0,
        milliseconds: [],
        lastFailure: null,
        breaker: null,
      };
      this.#reports.set(providerId, report);
    }
    return report;
  }
}

const counters = { hit: 'hits', miss: 'misses', error: 'errors', throttled: 'throttled' } as const;
