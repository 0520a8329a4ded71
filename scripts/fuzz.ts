import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheCandidates } from '../platform/local/local-settings.ts';
import { fuzz, installSchemathesis } from './fuzz/schemathesis.ts';
import { startFuzzedSystem } from './fuzz/system.ts';

/**
 * `npm run test:fuzz`: requests made of the whole OpenAPI document, good and bad, sent to the real system as an owner by
 * API key, as an owner who is logged in, and as nobody. Every answer must be one that the document declares, and no 5xx.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    examples: { type: 'string', default: '10' },
    /** `key`, `session`, `nobody`; may come more than once. */
    as: { type: 'string', multiple: true, default: ['key', 'session', 'nobody'] },
  },
});
const seed = Number(values.seed);
const examples = Number(values.examples);

const root = fileURLToPath(new URL('..', import.meta.url));
const dataDir = join(root, '.data');
process.stdout.write(`Seed ${seed}; again: npm run test:fuzz -- --seed ${seed} --examples ${examples}\n`);
try {
  const program = await installSchemathesis(
    cacheCandidates({ XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] }, dataDir),
  );
  const system = await startFuzzedSystem(root, join(dataDir, 'fuzz'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void system.stop().then(() => process.exit(130)));
  try {
    const everything = ['examples', 'coverage', 'fuzzing', 'stateful'];
    const callers = {
      key: {
        phases: everything,
        // It would revoke the key that it calls with. The session's run does it.
        args: [
          '--header',
          `Authorization: Bearer ${system.apiKey}`,
          '--exclude-name',
          'DELETE /v1/api-keys/{id}',
        ],
        env: {},
      },
      session: {
        phases: everything,
        // They would end the session, or the organisation with it. test/properties.test.ts sends them.
        args: ['--exclude-name-regex', '^DELETE /v1/(sessions|organisation)'],
        env: { FUZZ_URL: system.apiUrl, FUZZ_EMAIL: system.email, FUZZ_PASSWORD: system.apiKey },
      },
      // What it may do is little: log in, register, follow links.
      nobody: { phases: ['examples', 'coverage', 'fuzzing'], args: [], env: {} },
    };
    for (const [name, caller] of Object.entries(callers)) {
      if (!values.as.includes(name)) continue;
      process.stdout.write(`\n== as ${name}\n`);
      const clean = await fuzz(program, { url: system.apiUrl, examples, seed, ...caller });
      if (!clean) process.exitCode = 1;
    }
    for (const line of await system.errors()) {
      process.stdout.write(`An error that nobody should cause: ${line}\n`);
      process.exitCode = 1;
    }
  } finally {
    await system.stop();
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
