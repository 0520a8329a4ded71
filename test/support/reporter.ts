import Mocha from 'mocha';
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_SUITE_END } = Mocha.Runner.constants;
const shown = 10;

/**
 * The usual report and the files that took longest. The file that MOCHA_COUNTS names gets, for CI, the counts of passed and
 * failed tests in its first line and a line for each failure after it.
 */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const taken = timeFiles(runner);
    runner.once(EVENT_RUN_END, () => {
      if (taken.size > 1) Mocha.reporters.Base.consoleLog(longest(taken));
      const path = process.env['MOCHA_COUNTS'];
      if (path)
        writeFileSync(
          path,
          [`${this.stats.passes} ${this.stats.failures}`, ...this.failures.map(line), ''].join('\n'),
        );
    });
  }
}

function line(test: Mocha.Test): string {
  return `${test.fullTitle()}: ${test.err?.message ?? 'failed'}`.replaceAll(/\s+/g, ' ').slice(0, 300);
}

/** Milliseconds by file, with the hooks of its suites. */
function timeFiles(runner: Mocha.Runner): Map<string, number> {
  const taken = new Map<string, number>();
  let begun = 0;
  runner.on(EVENT_SUITE_BEGIN, ({ parent }) => {
    if (parent?.root) begun = performance.now();
  });
  runner.on(EVENT_SUITE_END, ({ parent, file }) => {
    if (!parent?.root || !file) return;
    const path = relative(process.cwd(), file);
    taken.set(path, (taken.get(path) ?? 0) + performance.now() - begun);
  });
  return taken;
}

function longest(taken: Map<string, number>): string {
  const first = [...taken].sort(([, a], [, b]) => b - a).slice(0, shown);
  const lines = first.map(([file, time]) => `  ${(time / 1_000).toFixed(1).padStart(6)} s  ${file}`);
  return ['  The files that took longest:', ...lines, ''].join('\n');
}
