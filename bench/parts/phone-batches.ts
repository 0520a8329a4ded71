import { setTimeout as pause } from 'node:timers/promises';
import type { BatchState } from '../stage/client.ts';
import type { Tenant } from '../stage/stage.ts';

/** A CSV of different telephone numbers of the United States. */
export function phoneTable(rows: number, from = 0): string {
  const lines = Array.from({ length: rows }, (_, index) => `r${index + 1},${phoneNumber(from + index)}\n`);
  return `id,phone\n${lines.join('')}`;
}

export function phoneNumber(index: number): string {
  return `+1${2_122_000_000 + index}`;
}

export interface BatchTimes {
  id: string;
  rows: number;
  /** Seconds from the request to the results. */
  seconds: number;
  /** Seconds by state, as far as they were seen. */
  phases: Record<string, number>;
}

/** Submits a batch of telephone numbers and waits for its results. */
export async function runPhoneBatch(
  { api }: Tenant,
  table: string,
  rows: number,
  fields: Record<string, string> = {},
): Promise<BatchTimes> {
  return await runBatch(api, table, rows, { kind: 'phone', ...fields });
}

export async function runBatch(
  api: Tenant['api'],
  table: string,
  rows: number,
  fields: Record<string, string>,
): Promise<BatchTimes> {
  const started = performance.now();
  const { id } = await api.upload<BatchState>('/v1/batches', table, fields);
  const phases: Record<string, number> = {};
  let before = started;
  for (;;) {
    const { state, problem } = await api.get<BatchState>(`/v1/batches/${id}`);
    const now = performance.now();
    phases[state] = (phases[state] ?? 0) + (now - before) / 1_000;
    before = now;
    if (state === 'completed') return { id, rows, seconds: (now - started) / 1_000, phases };
    if (problem) throw new Error(`The batch failed: ${JSON.stringify(problem)}`);
    await pause(rows > 20_000 ? 100 : 20);
  }
}
