import Mocha from 'mocha';
import { writeFileSync } from 'node:fs';

/** The usual report, and the counts of passed and failed tests in the file that MOCHA_COUNTS names, for CI. */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const path = process.env['MOCHA_COUNTS'];
    if (!path) return;
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures } = this.stats;
      writeFileSync(path, `${passes} ${failures}\n`);
    });
  }
}
