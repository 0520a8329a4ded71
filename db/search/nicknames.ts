import { readFileSync } from 'node:fs';
import { Nicknames } from '../../domain/search/matching/nicknames.ts';

let loaded: Nicknames | undefined;

/** The nickname table that the product carries, read once a process. */
export function nicknames(): Nicknames {
  loaded ??= new Nicknames(readFileSync(new URL('../../data/nicknames/names.csv', import.meta.url), 'utf8'));
  return loaded;
}
