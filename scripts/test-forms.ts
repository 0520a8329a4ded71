import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Runs suites in every form in which the system may be deployed beside the usual one of `npm test`, which gives each domain
 * a database of its own: `npm run test:forms [-- FILE…]`. Without files: all that drive the API, and the faults.
 */
const forms = ['one-database', 'redis', 's3', 'one-database,redis,s3'];
const root = fileURLToPath(new URL('..', import.meta.url));
const usual = [
  'api/**/*.test.ts',
  'services/**/*.test.ts',
  'workers/**/*.test.ts',
  'test/{e2e,faults}/*.test.ts',
];
const given = process.argv.slice(2);
const files = given.length > 0 ? given : globSync(usual, { cwd: root }).sort();

const failed = forms.filter((form) => {
  process.stdout.write(`\n== TEST_FORM=${form}\n`);
  const mocha = ['node_modules/mocha/bin/mocha.js', '--no-config', '--extension', 'ts'];
  const options = ['--require', './test/support/global.ts', '--timeout', '60000', '--reporter', 'dot'];
  const { status } = spawnSync(process.execPath, [...mocha, ...options, ...files], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TEST_FORM: form },
  });
  return status !== 0;
});
if (failed.length > 0) {
  process.stderr.write(`Failed: ${failed.join('; ')}\n`);
  process.exitCode = 1;
}
