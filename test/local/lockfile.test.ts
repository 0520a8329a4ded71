import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('package-lock.json', () => {
  it('lists the packages of every platform, or `npm ci` refuses it (scripts/complete-lockfile.mjs adds them)', () => {
    execFileSync(process.execPath, ['scripts/complete-lockfile.mjs', '--check'], { cwd: root });
  });
});
