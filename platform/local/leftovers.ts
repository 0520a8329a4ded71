import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

const list = z.array(z.object({ name: z.string(), pid: z.int().positive(), started: z.string() }));

type Entry = z.output<typeof list>[number];

/** Their tethers have told them to end; those whose tether was killed too are told after this many seconds. */
const headStart = 1.5;
/** How long they get to end before they are killed, in seconds. */
const patience = 25;

/**
 * The file that lists the processes of a supervisor, for the next one: after kill -9 they are still on their way out,
 * with the ports and files they hold.
 */
export class ProcessList {
  readonly #path: string;
  #entries: Entry[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  async add(name: string, identity: ProcessIdentity | null): Promise<void> {
    if (!identity) return;
    this.#entries = [...this.#entries.filter((entry) => entry.name !== name), { name, ...identity }];
    // One write after the other, or an older list could be the one that stays.
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    const prepared = `${this.#path}.${randomUUID()}`;
    await writeFile(prepared, JSON.stringify(this.#entries), { mode: 0o600 });
    await rename(prepared, this.#path);
  }
}

/** Waits until the processes that an earlier supervisor left are gone, and ends those that don't go. */
export async function waitForLeftovers(path: string, onWait: (names: string[]) => void): Promise<void> {
  const entries = await readEntries(path);
  const startedAt = Date.now();
  const told = new Set<NodeJS.Signals | 'caller'>();
  for (;;) {
    const states = await Promise.all(entries.map(isRunning));
    const left = entries.filter((_, index) => states[index]);
    if (left.length === 0) return;
    const seconds = (Date.now() - startedAt) / 1000;
    if (!told.has('caller')) onWait(left.map(({ name }) => name));
    told.add('caller');
    // The orderly signal of all of them, PostgreSQL's "fast" shutdown included.
    for (const [signal, after] of [
      ['SIGINT', headStart],
      ['SIGKILL', patience],
    ] as const) {
      if (seconds < after || told.has(signal)) continue;
      told.add(signal);
      for (const { pid } of left) signalGroup(pid, signal);
    }
    if (seconds > patience + 5) {
      throw new Error(`Processes of an earlier run can’t be ended: ${left.map(({ pid }) => pid).join(', ')}`);
    }
    await pause(50);
  }
}

async function readEntries(path: string): Promise<Entry[]> {
  try {
    return list.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
