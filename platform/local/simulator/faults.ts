import { z } from 'zod';

/**
 * What can go wrong with a request.
 *
 * - without effect: `refuse` (the connection is reset before anything happens), `hang` (nobody answers), `error` (an answer of
 *   `status`, 500 or 429 as a rule)
 * - with effect: `lose` (the connection is reset before the answer), `mute` (nobody answers), `late` (the answer comes after
 *   `milliseconds`), `error_after` (an answer of `status`, although it was done)
 */
export const faultKinds = ['refuse', 'hang', 'error', 'lose', 'mute', 'late', 'error_after'] as const;
export type FaultKind = (typeof faultKinds)[number];

export const fault = z.strictObject({
  kind: z.enum(faultKinds),
  /** Default any. */
  method: z.enum(['GET', 'POST', 'DELETE']).optional(),
  /** What the path begins with. Default any. */
  path: z.string().default('/'),
  /** How many requests it befalls. */
  times: z.int().min(1).max(1_000_000).default(1),
  /** Of those that match, how many are spared before. */
  after: z.int().min(0).max(1_000_000).default(0),
  status: z.int().min(400).max(599).default(500),
  milliseconds: z.int().min(0).max(600_000).default(3_000),
});
export type Fault = z.output<typeof fault>;

/** The faults that wait for requests. They end with the process: a vendor that is restarted is well again. */
export class Faults {
  #waiting: Fault[] = [];

  add(given: Fault): void {
    this.#waiting.push({ ...given });
  }

  clear(): void {
    this.#waiting = [];
  }

  get waiting(): readonly Fault[] {
    return this.#waiting;
  }

  /** The fault that befalls a request, if any. */
  take(method: string, path: string): Fault | null {
    const found = this.#waiting.find((one) => (one.method ?? method) === method && path.startsWith(one.path));
    if (!found) return null;
    if (found.after > 0) {
      found.after -= 1;
      return null;
    }
    found.times -= 1;
    if (found.times === 0) this.#waiting = this.#waiting.filter((one) => one !== found);
    return found;
  }
}

export function hasEffect(kind: FaultKind): boolean {
  return kind === 'lose' || kind === 'mute' || kind === 'late' || kind === 'error_after';
}
