import { execFile } from 'node:child_process';
import { chown, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { tether } from './process.ts';

const run = promisify(execFile);

/** How PostgreSQL's programs are started so that they don't run as root, which PostgreSQL refuses. */
export interface PostgresAccount {
  /** The command line and the options of spawn for one of its programs. */
  wrap(program: string, args: string[]): { command: string; args: string[]; uid?: number; gid?: number };
  /** Makes a file or folder of ours belong to the account. */
  own(path: string): Promise<void>;
}

/**
 * Chooses the account. An ordinary user runs PostgreSQL as himself. As root it runs as `nobody`, in one of two ways:
 * plainly, when `nobody` can reach the programs and the data folder; otherwise through `setpriv` with the single
 * capability to pass file permissions (CAP_DAC_OVERRIDE), because the clone may be in a folder that only root can
 * enter. The securebit keeps the capability through access(2), which initdb uses to look for its programs.
 *
 * A data folder that exists already decides the account: PostgreSQL insists on owning its data.
 *
 * @param dataDir the data folder, which need not exist; the folder that holds it must.
 * @throws as root, when neither way works here.
 */
export async function postgresAccount(binaries: PostgresBinaries, dataDir: string): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) {
    return { wrap: (command, args) => ({ command, args }), own: () => Promise.resolve() };
  }
  const { uid, gid } = (await ownerOf(dataDir)) ?? (await nobody());
  const parent = dirname(dataDir);
  const own = (path: string) => chown(path, uid, gid);
  const reachable = ['-c', 'test -x "$1" && test -r "$2" && test -x "$3" && test -r "$4"', 'test'];
  reachable.push(
    binaries.postgres,
    join(binaries.folder, 'share', 'postgresql', 'postgres.bki'),
    parent,
    tether,
  );

  const plain: PostgresAccount = { own, wrap: (command, args) => ({ command, args, uid, gid }) };
  if (await succeeds(plain, '/bin/sh', reachable)) return plain;

  const capable: PostgresAccount = {
    own,
    wrap: (command, args) => ({ command: 'setpriv', args: [...setprivOptions(uid, gid), command, ...args] }),
  };
  if (await succeeds(capable, '/bin/sh', reachable)) return capable;

  throw new Error(
    `PostgreSQL can’t run as root, and another account can’t reach ${parent} or ${dirname(binaries.postgres)}. ` +
      'Either start as an ordinary user, or put the folder where other users can enter it, or install setpriv ' +
      '(util-linux 2.31 or newer) and allow the capabilities SETUID, SETGID, SETPCAP and DAC_OVERRIDE, ' +
      'or set DATABASE_URL to use a PostgreSQL of your own.',
  );
}

function setprivOptions(uid: number, gid: number): string[] {
  return [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=+dac_override',
    '--bounding-set=-all,+dac_override',
  ];
}

async function succeeds(account: PostgresAccount, program: string, args: string[]): Promise<boolean> {
  const { command, args: all, ...ids } = account.wrap(program, args);
  try {
    await run(command, all, { ...ids, cwd: '/' });
    return true;
  } catch {
    // Any reason is the same answer: this way of running doesn't work here.
    return false;
  }
}

/** Whose the data folder is, when it is there and not root's. */
async function ownerOf(dataDir: string): Promise<{ uid: number; gid: number } | null> {
  try {
    const { uid, gid } = await stat(dataDir);
    return uid === 0 ? null : { uid, gid };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function nobody(): Promise<{ uid: number; gid: number }> {
  const entries = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const [, , uid, gid] = entries.find(([name]) => name === 'nobody') ?? [];
  if (!uid || !gid) {
    throw new Error(
      'PostgreSQL can’t run as root, and there is no account “nobody” in /etc/passwd to run it as.',
    );
  }
  return { uid: Number(uid), gid: Number(gid) };
}
