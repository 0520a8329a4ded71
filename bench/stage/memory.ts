import { readFile } from 'node:fs/promises';
import type { TetheredProcess } from '../../platform/local/process.ts';

/** Megabytes that a process holds in memory now; 0 for one that has ended. */
export async function residentMegabytes({ pid }: Pick<TetheredProcess, 'pid'>): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024);
}

/** Watches the memory of a process while something runs: its size at first, at most and at last, and every sample. */
export async function watchMemory<T>(
  process: Pick<TetheredProcess, 'pid'>,
  work: () => Promise<T>,
): Promise<{ result: T; first: number; most: number; last: number; samples: number[] }> {
  const samples = [await residentMegabytes(process)];
  const timer = setInterval(() => {
    void residentMegabytes(process).then((now) => samples.push(now));
  }, 500);
  try {
    const result = await work();
    samples.push(await residentMegabytes(process));
    return {
      result,
      first: samples[0] ?? 0,
      most: Math.max(...samples),
      last: samples.at(-1) ?? 0,
      samples,
    };
  } finally {
    clearInterval(timer);
  }
}
