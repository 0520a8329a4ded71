import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { figure, type Finding } from './parts/part.ts';
import { root } from './stage/stage.ts';

export interface Results {
  takenAt: string;
  form: 'short' | 'full';
  machine: Record<string, string | number>;
  versions: Record<string, string>;
  parts: Record<string, { seconds: number; findings: Finding[] }>;
}

const folder = join(root, 'bench/results');
const page = join(root, 'docs/performance.md');
const markers = ['<!-- figures: begin -->', '<!-- figures: end -->'] as const;

export function machine(): Results['machine'] {
  const [first] = cpus();
  return {
    processor: first?.model ?? 'unknown',
    cores: cpus().length,
    'memory GB': Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
  };
}

export function versions(postgresVersion: string, temporalVersion: string): Results['versions'] {
  const installed = (path: string): string =>
    (JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as { version: string }).version;
  return {
    Perdure: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
    Node: process.versions.node,
    PostgreSQL: postgresVersion,
    'Temporal Service': temporalVersion,
    'Temporal SDK': installed('node_modules/@temporalio/worker'),
    DBOS: installed('bench/rivals/node_modules/@dbos-inc/dbos-sdk'),
    'pg-boss': installed('bench/rivals/node_modules/pg-boss'),
    Koa: installed('node_modules/koa'),
  };
}

/**
 * Keeps the results, as JSON and as the Markdown that `docs/performance.md` shows. Parts that were not run this time stay as
 * they were measured last.
 */
export async function keep(results: Results): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'latest.json');
  const before = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Results,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    },
  );
  const kept: Results = { ...results, parts: { ...before?.parts, ...results.parts } };
  const text = markdown(kept);
  await writeFile(file, `${JSON.stringify(kept, null, 2)}\n`);
  await writeFile(join(folder, 'latest.md'), text);
  const shown = await readFile(page, 'utf8').catch(() => null);
  if (shown !== null) await writeFile(page, between(shown, text));
  // As everything else that is kept is formatted.
  execFileSync(join(root, 'node_modules/.bin/oxfmt'), [folder, ...(shown === null ? [] : [page])], {
    cwd: root,
  });
  return text;
}

function between(shown: string, text: string): string {
  const [begin, end] = markers.map((marker) => shown.indexOf(marker));
  if (begin === undefined || end === undefined || begin < 0 || end < begin) return shown;
  return `${shown.slice(0, begin + markers[0].length)}\n\n${text}\n${shown.slice(end)}`;
}

/** Ratios first, then the figures behind them, then the machine and the versions. */
function markdown({ takenAt, form, machine: on, versions: of, parts }: Results): string {
  const findings = Object.values(parts).flatMap((part) => part.findings);
  const lines = [
    table(
      ['what', 'against', 'target', 'measured', ''],
      findings.map(({ what, against, target, measured, met }) => [
        what,
        against,
        target,
        `**${measured}**`,
        target === '–' && met ? '' : met ? 'met' : 'missed',
      ]),
    ),
    '',
    ...Object.entries(parts).flatMap(([name, { seconds, findings: own }]) => [
      `\`npm run bench -- --only ${name}\` (${Math.round(seconds)} s):`,
      '',
      table(
        ['measured', 'figures'],
        own.map(({ what, against, figures }) => [`${what} – ${against}`, figureList(figures)]),
      ),
      '',
    ]),
    `Taken at ${takenAt} (${form} form) on ${Object.entries(on)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}; ${Object.entries(of)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    '',
  ];
  return lines.join('\n');
}

function figureList(figures: Finding['figures']): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? figure(value) : value}`)
    .join(' · ');
}

function table(header: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
