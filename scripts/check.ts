import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Types, lint and format: what must be clean before tests are worth running. Runs all, and fails if one fails. */
const checks = [
  ['tsc', []],
  ['oxlint', ['--type-aware', '--deny-warnings']],
  ['oxfmt', ['--check']],
] as const;

const root = fileURLToPath(new URL('..', import.meta.url));
for (const [command, options] of checks) {
  process.stdout.write(`== ${command} ${options.join(' ')}\n`);
  const { status } = spawnSync(`${root}node_modules/.bin/${command}`, options, {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
