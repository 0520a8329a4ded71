import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheCandidates } from '../../platform/local/local-settings.ts';
import { installPythonPackages } from '../../platform/local/python-packages.ts';

const run = promisify(execFile);

const program = `
import json, sys
from standardwebhooks import Webhook, WebhookVerificationError
given = json.loads(sys.argv[1])
try:
    Webhook(given["secret"]).verify(given["body"], given["headers"])
    print("verified")
except WebhookVerificationError:
    print("refused")
`;

/** What the library says to a webhook: `verified` or `refused`. */
export type PythonVerifier = (
  secret: string,
  headers: Record<string, string>,
  body: string,
) => Promise<string>;

/** The library of Standard Webhooks for Python; null, with a word why, where there is no Python or no PyPI. */
export async function pythonVerifier(): Promise<PythonVerifier | null> {
  let programs: string;
  try {
    programs = await installPythonPackages({
      name: 'standardwebhooks',
      requirements: join(import.meta.dirname, 'standardwebhooks.txt'),
      cacheCandidates: cacheCandidates(
        { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] },
        join(import.meta.dirname, '../../.data'),
      ),
    });
  } catch (error) {
    process.stderr.write(`    not verified by Python: ${(error as Error).message}\n`);
    return null;
  }
  return async (secret, headers, body) => {
    const given = JSON.stringify({ secret, headers, body });
    const { stdout } = await run(join(programs, 'python'), ['-c', program, given]);
    return stdout.trim();
  };
}
