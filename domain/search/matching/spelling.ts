import { sounds } from './phonetic.ts';
import { likeness } from './similarity.ts';

/**
 * The forms under which a name is filed so that its misspellings find it: itself, itself less any one letter (two words
 * share one if they are one insertion, deletion, substitution or swap of neighbours apart), its sounds, its consonants
 * (Arabic and Hebrew are written without most vowels), and for longer names its beginning and its end.
 */
export function spellingForms(word: string): string[] {
  const forms = new Set([`=${word}`]);
  if (word.length >= 3 && word.length <= longest) {
    for (let index = 0; index < word.length; index += 1) {
      forms.add(`=${word.slice(0, index)}${word.slice(index + 1)}`);
    }
  }
  for (const code of sounds(word)) forms.add(`~${code}`);
  const bones = consonants(word);
  if (bones.length >= 3) forms.add(`#${bones}`);
  if (word.length >= 7) forms.add(`<${word.slice(0, 5)}`).add(`>${word.slice(-5)}`);
  return [...forms];
}

/** Longer words are no names; their deletions would fill the index. */
const longest = 24;

/** Consonants, doubled ones once. */
function consonants(word: string): string {
  return word.replace(/[aeiouy]/g, '').replace(/(.)\1+/g, '$1');
}

/** Whether a name found by one of its forms is near enough to stand for the word asked for. */
export function mayStandFor(asked: string, found: string): boolean {
  return (
    likeness(asked, found) !== 'different' ||
    sharesSound(asked, found) ||
    consonants(asked) === consonants(found)
  );
}

function sharesSound(left: string, right: string): boolean {
  const other = sounds(right);
  return sounds(left).some((code) => other.includes(code));
}
