import { mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The objects of a simulated vendor, in memory and in a file that each change is appended to, so that they outlive the
 * process. What was flushed is there after a crash of the process; a last line that was cut off never happened.
 */
export class Journal {
  readonly #tables = new Map<string, Map<string, unknown>>();
  readonly #file: FileHandle;
  #pending: string[] = [];
  #flushing: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, lines: readonly string[]) {
    this.#file = file;
    for (const line of lines) {
      const [table, id, value] = JSON.parse(line) as [string, string, unknown];
      if (value === null) this.#table(table).delete(id);
      else this.#table(table).set(id, value);
    }
  }

  /** Opens the file, or makes it, and writes it anew without what was overwritten. */
  static async open(path: string): Promise<Journal> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const text = await readIfThere(path);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const prepared = `${path}.new`;
    const file = await open(prepared, 'w', 0o600);
    const journal = new Journal(file, whole.split('\n').filter(Boolean));
    for (const [table, rows] of journal.#tables)
      for (const [id, value] of rows) journal.#pending.push(JSON.stringify([table, id, value]));
    await journal.flush();
    await file.sync();
    await rename(prepared, path);
    return journal;
  }

  get<T>(table: string, id: string): T | undefined {
    return this.#table(table).get(id) as T | undefined;
  }

  /** In the order in which they were first put. */
  list<T>(table: string): T[] {
    return [...this.#table(table).values()] as T[];
  }

  put(table: string, id: string, value: object): void {
    this.#table(table).set(id, value);
    // Written as it is now, whatever becomes of the object until the next flush.
    this.#pending.push(JSON.stringify([table, id, value]));
  }

  delete(table: string, id: string): void {
    this.#table(table).delete(id);
    this.#pending.push(JSON.stringify([table, id, null]));
  }

  /** Settles when all that was put before is in the file. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      const lines = this.#pending.splice(0);
      if (lines.length > 0) await this.#file.appendFile(`${lines.join('\n')}\n`);
    });
    return this.#flushing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file.close();
  }

  #table(name: string): Map<string, unknown> {
    let table = this.#tables.get(name);
    if (!table) {
      table = new Map();
      this.#tables.set(name, table);
    }
    return table;
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
