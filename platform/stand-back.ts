import { readFile, writeFile } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * How far Temporal stands back where it shares a machine with the API: commands are accepted without it, and whoever waits for an
 * answer goes before. Workers stand further back, and wait for it.
 */
export const behindCallers = 3;

/**
 * Lets this process stand back on a busy machine, with the threads that it starts from now on. One that was started further
 * back stays there.
 *
 * @param niceness 0 to 19; 0: it does not
 */
export async function standBack(niceness: number): Promise<void> {
  if (getPriority() < niceness) setPriority(niceness);
  if (await leadsSession(process.pid)) await weighSession(process.pid, niceness);
}

/** Linux writes faster than that off as an attack. */
const betweenMilliseconds = 110;
const attempts = 5;

/**
 * Linux may share the processor out between sessions first, and between the processes of each only then ("autogroups",
 * sched(7)). What has a session of its own would then not stand back however nice it is: its session has to be as nice. Where
 * there are no such groups this does nothing.
 *
 * @param pid of a process that has a session of its own
 */
export async function weighSession(pid: number, niceness: number): Promise<void> {
  const file = `/proc/${pid}/autogroup`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const [, now] = /nice (-?\d+)/.exec(await readFile(file, 'utf8')) ?? [];
      if (now === undefined || Number(now) >= niceness) return;
      await writeFile(file, String(niceness));
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Another system, another kernel, a container that is weighed by its own shares, or the process has ended.
      if (code !== 'EAGAIN' || attempt === attempts) return;
    }
    await pause(betweenMilliseconds);
  }
}

/** Whether a process leads the session that it is in, by the sixth field of proc_pid_stat(5). */
async function leadsSession(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name may hold anything, also what ends it.
    const [, , , session] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    return session === String(pid);
  } catch {
    return false;
  }
}
