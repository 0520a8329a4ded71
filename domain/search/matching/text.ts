import anyAscii from 'any-ascii';

const latinOnly = /^[\p{ASCII}]*$/u;
const apostrophes = /['’ʼ`´]/g;

/**
 * Folds a text into lower-case Latin words for comparison: Unicode NFKC, diacritics dropped, other scripts
 * transliterated ("Иванов" → "ivanov", "王小明" → "wang xiao ming"), apostrophes closed up ("O'Brien" → "obrien"),
 * everything else that is no letter or digit a space.
 */
export function fold(raw: string): string {
  let text = raw.normalize('NFKC').replace(/\p{Cf}/gu, '');
  if (!latinOnly.test(text)) text = transliterate(text);
  return text
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

/** Han and Hangul syllables come out capitalised and without spaces ("WangXiaoMing"): each is a word of its own. */
function transliterate(text: string): string {
  return text
    .split(/([\p{Script=Han}\p{Script=Hangul}]+)/u)
    .map((part, index) =>
      index % 2 === 1 ? ` ${anyAscii(part).replace(/([A-Z])/g, ' $1')} ` : anyAscii(part),
    )
    .join('');
}
