import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { quantile } from '../parts/part.ts';

/** One request of a load. */
export interface Call {
  method: 'GET' | 'POST';
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface LoadReport {
  requests: number;
  /** Answers other than 2xx, and requests without one. */
  errors: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p95: number;
  p99: number;
}

/** Sends requests one after another on each of some connections: as many as the other side manages. */
export async function saturate(
  next: (place: number) => Call,
  options: { connections: number; seconds: number },
): Promise<LoadReport> {
  const load = new Load(options.connections);
  const started = performance.now();
  const until = started + options.seconds * 1_000;
  let place = 0;
  await Promise.all(
    Array.from({ length: options.connections }, async () => {
      while (performance.now() < until) await load.send(next((place += 1)), performance.now());
    }),
  );
  return await load.end((performance.now() - started) / 1_000);
}

/**
 * Sends requests at a fixed rate, whether or not those before are answered. A request's time begins when it was due, so that
 * a server that falls behind can't slow its own test down.
 */
export async function sustain(
  next: (place: number) => Call,
  options: { perSecond: number; seconds: number },
): Promise<LoadReport> {
  const load = new Load(256);
  const started = performance.now();
  const total = options.perSecond * options.seconds;
  const sent: Promise<void>[] = [];
  for (let place = 0; place < total; place += 1) {
    const due = started + (place * 1_000) / options.perSecond;
    const wait = due - performance.now();
    if (wait > 1) await pause(wait);
    sent.push(load.send(next(place), due));
  }
  await Promise.all(sent);
  return await load.end((performance.now() - started) / 1_000);
}

class Load {
  readonly #agent: Agent;
  readonly #times: number[] = [];
  #errors = 0;

  constructor(connections: number) {
    this.#agent = new Agent({ connections, keepAliveTimeout: 30_000 });
  }

  async send({ method, url, headers, body }: Call, due: number): Promise<void> {
    try {
      const { statusCode, body: answer } = await request(url, {
        method,
        dispatcher: this.#agent,
        ...(headers ? { headers } : {}),
        ...(body === undefined ? {} : { body }),
      });
      await answer.dump();
      if (statusCode >= 300) this.#errors += 1;
    } catch {
      // Whatever kept the answer away, it is not there: that is what is counted.
      this.#errors += 1;
    }
    this.#times.push(performance.now() - due);
  }

  async end(seconds: number): Promise<LoadReport> {
    await this.#agent.close();
    return {
      requests: this.#times.length,
      errors: this.#errors,
      perSecond: this.#times.length / seconds,
      p50: quantile(this.#times, 0.5),
      p95: quantile(this.#times, 0.95),
      p99: quantile(this.#times, 0.99),
    };
  }
}

/** Takes turns between two loads, so that whatever else the machine does meets both. */
export async function takeTurns(
  rounds: number,
  ours: () => Promise<LoadReport>,
  theirs: () => Promise<LoadReport>,
): Promise<{ ours: LoadReport; theirs: LoadReport }> {
  const reports: { ours: LoadReport[]; theirs: LoadReport[] } = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round += 1) {
    reports.ours.push(await ours());
    reports.theirs.push(await theirs());
  }
  return { ours: together(reports.ours), theirs: together(reports.theirs) };
}

function together(reports: readonly LoadReport[]): LoadReport {
  const mean = (of: (report: LoadReport) => number): number =>
    reports.reduce((sum, report) => sum + of(report), 0) / reports.length;
  return {
    requests: reports.reduce((sum, { requests }) => sum + requests, 0),
    errors: reports.reduce((sum, { errors }) => sum + errors, 0),
    perSecond: mean(({ perSecond }) => perSecond),
    p50: mean(({ p50 }) => p50),
    p95: mean(({ p95 }) => p95),
    p99: Math.max(...reports.map(({ p99 }) => p99)),
  };
}
