import { doubleMetaphone } from 'double-metaphone';

const known = new Map<string, readonly string[]>();
const mostKnown = 50_000;

/**
 * How a folded word sounds: its Double Metaphone codes, the likelier one first. Words without a code (digits, lone
 * vowels such as "wu" keep theirs) stand for themselves.
 */
export function sounds(word: string): readonly string[] {
  let codes = known.get(word);
  if (!codes) {
    const [first, second] = doubleMetaphone(word);
    codes = first === '' ? [word] : first === second || second === '' ? [first] : [first, second];
    if (known.size >= mostKnown) known.clear();
    known.set(word, codes);
  }
  return codes;
}

/** The likelier sound of a folded word. */
export function sound(word: string): string {
  return sounds(word)[0] ?? word;
}
