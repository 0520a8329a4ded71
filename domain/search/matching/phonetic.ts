import { doubleMetaphone } from 'double-metaphone';

const known = new Map<string, readonly string[]>();
const mostKnown = 50_000;
/** A letter typed three times is a typing error that the algorithm would hear. */
const tripled = /(.)\1{2,}/g;

/**
 * How a folded word sounds: its Double Metaphone codes, the likelier one first. Words without a code (digits, lone
 * vowels such as "wu" keep theirs) stand for themselves.
 */
export function sounds(word: string): readonly string[] {
  let codes = known.get(word);
  if (!codes) {
    const [first, second] = doubleMetaphone(word.replace(tripled, '$1$1'));
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
