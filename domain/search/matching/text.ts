import anyAscii from 'any-ascii';

const asciiOnly = /^[\p{ASCII}]*$/u;
const folded = /^[a-z0-9]+(?: [a-z0-9]+)*$/;
const apostrophes = /['’ʼ`´]/g;

/**
 * Folds a text into lower-case Latin words for comparison: Unicode NFKC, diacritics dropped, other scripts
 * transliterated ("Иванов" → "ivanov", "王小明" → "wang xiao ming"), apostrophes closed up ("O'Brien" → "obrien"),
 * everything else that is no letter or digit a space.
 */
export function fold(raw: string): string {
  // Most texts of a million rows are plain, and many are folded already: what follows would leave them as they are.
  if (raw === '' || folded.test(raw)) return raw;
  return (asciiOnly.test(raw) ? raw : toAscii(raw))
    .toLowerCase()
    .replace(apostrophes, '')
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
}

/** The words of a folded text. */
export function words(raw: string | undefined): string[] {
  if (raw === undefined) return [];
  const folded = fold(raw);
  return folded === '' ? [] : folded.split(' ');
}

function toAscii(raw: string): string {
  const text = raw.normalize('NFKC').replace(/\p{Cf}/gu, '');
  return asciiOnly.test(text) ? text : transliterate(text);
}

/** Han and Hangul syllables come out capitalised and without spaces ("WangXiaoMing"): each is a word of its own. */
function transliterate(text: string): string {
  return text
    .split(/([\p{Script=Han}\p{Script=Hangul}]+)/u)
    .map((part, index) =>
      index % 2 === 1 ? ` ${anyAscii(part).replace(/([A-Z])/g, ' $1')} ` : anyAscii(part),
    )
    .join('');
}
