import type { Stage } from '../stage/stage.ts';

/** One row of the table of targets, with what was measured. */
export interface Finding {
  what: string;
  against: string;
  target: string;
  measured: string;
  met: boolean;
  /** The figures behind it, by what they are of. */
  figures: Record<string, number | string>;
}

export interface BenchOptions {
  /** A million rows where the issue says so; otherwise fewer, in a tenth of the time. */
  full: boolean;
  log: (line: string) => void;
}

/** A part of the benchmark, which can be run alone. */
export interface Part {
  name: string;
  /** What it measures, for `--help`. */
  about: string;
  run(stage: Stage, options: BenchOptions): Promise<Finding[]>;
}

/** `12,345`, `12.3` or `1.23`: three digits or so. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** The value that a share of all stays below. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
