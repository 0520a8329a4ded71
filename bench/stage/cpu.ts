import { readdir, readFile } from 'node:fs/promises';

/** Clock ticks a second that Linux counts processor time in (USER_HZ); the same on every architecture that Node runs on. */
const ticksPerSecond = 100;

/**
 * Seconds of processor time that a process has used so far, with those of its children, living and ended. Unlike rates it
 * hardly depends on who else is at work on the machine.
 */
export async function cpuSeconds(pid: number): Promise<number> {
  let ticks = 0;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = await statOf(name);
    if (!fields) continue;
    const parent = Number(fields[1]);
    // After the name: state, parent, …; 11 to 14 are user and system time, own and of children that were waited for.
    if (Number(name) === pid) ticks += sum(fields.slice(11, 15));
    else if (parent === pid) ticks += sum(fields.slice(11, 13));
  }
  return ticks / ticksPerSecond;
}

async function statOf(pid: string): Promise<string[] | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name stands in brackets and may hold anything.
  return text === '' ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function sum(values: readonly string[]): number {
  return values.reduce((total, value) => total + Number(value), 0);
}
