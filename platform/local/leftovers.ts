import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

const list = z.array(z.object({ name: z.string(), pid: z.int().positive(), started: z.string() }));

type Entry = z.output<typeof list>[number];

/** How long processes of a killed supervisor get to end by themselves, in seconds; their tethers have told them to. */
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
  const deadline = Date.now() + patience * 1000;
  let told = false;
  for (;;) {
    const states = await Promise.all(entries.map(isRunning));
    const left = entries.filter((_, index) => states[index]);
    if (left.length === 0) return;
    if (!told) onWait(left.map(({ name }) => name));
    told = true;
    if (Date.now() > deadline) for (const { pid } of left) killGroup(pid);
    if (Date.now() > deadline + 5000) {
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

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
