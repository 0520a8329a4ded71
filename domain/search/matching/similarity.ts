/**
 * Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours, each costs one.
 * Gives `most + 1` as soon as the distance is sure to be greater than `most`.
 */
export function editDistance(left: string, right: string, most: number): number {
  if (left === right) return 0;
  const tooFar = most + 1;
  if (Math.abs(left.length - right.length) > most) return tooFar;
  // Each edit changes which letters occur by two at most: most pairs end here.
  if (bitCount(letterSet(left) ^ letterSet(right)) > 2 * most) return tooFar;
  const width = right.length + 1;
  let [beforeLast, last, current] = rows;
  if (width > longestRow) return tooFar;
  for (let column = 0; column < width; column += 1) last[column] = column;
  for (let row = 1; row <= left.length; row += 1) {
    current[0] = row;
    let best = row;
    const letter = left.charCodeAt(row - 1);
    const letterBefore = row > 1 ? left.charCodeAt(row - 2) : -1;
    for (let column = 1; column < width; column += 1) {
      const other = right.charCodeAt(column - 1);
      let cost = Math.min(at(last, column), at(current, column - 1)) + 1;
      cost = Math.min(cost, at(last, column - 1) + (letter === other ? 0 : 1));
      if (column > 1 && letterBefore === other && letter === right.charCodeAt(column - 2)) {
        cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      }
      current[column] = cost;
      if (cost < best) best = cost;
    }
    if (best > most) return tooFar;
    [beforeLast, last, current] = [last, current, beforeLast];
  }
  return Math.min(at(last, width - 1), tooFar);
}

const longestRow = 1_024;
/** Used again by every call: nothing in between can interrupt one. */
const rows: [Uint16Array, Uint16Array, Uint16Array] = [
  new Uint16Array(longestRow),
  new Uint16Array(longestRow),
  new Uint16Array(longestRow),
];

/** Which letters occur, one bit for each code modulo 32. */
function letterSet(text: string): number {
  let set = 0;
  for (let index = 0; index < text.length; index += 1) set |= 1 << (text.charCodeAt(index) & 31);
  return set;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
}

function at(row: Uint16Array, index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/** Jaro–Winkler similarity, 0 to 1 (Winkler 1990): shared letters in about the same places, a shared beginning counts more. */
export function jaroWinkler(left: string, right: string): number {
  if (left === right) return 1;
  const range = Math.max(0, Math.floor(Math.max(left.length, right.length) / 2) - 1);
  const taken = new Uint8Array(right.length);
  const matched: number[] = [];
  for (let index = 0; index < left.length; index += 1) {
    const end = Math.min(right.length, index + range + 1);
    for (let other = Math.max(0, index - range); other < end; other += 1) {
      if (taken[other] === 0 && left.charCodeAt(index) === right.charCodeAt(other)) {
        taken[other] = 1;
        matched.push(left.charCodeAt(index));
        break;
      }
    }
  }
  if (matched.length === 0) return 0;
  let outOfPlace = 0;
  let next = 0;
  for (let other = 0; other < right.length; other += 1) {
    if (taken[other] === 0) continue;
    if (right.charCodeAt(other) !== matched[next]) outOfPlace += 1;
    next += 1;
  }
  const shared = matched.length;
  const jaro = (shared / left.length + shared / right.length + (shared - outOfPlace / 2) / shared) / 3;
  let prefix = 0;
  while (prefix < 4 && prefix < left.length && left[prefix] === right[prefix]) prefix += 1;
  return jaro + prefix * 0.1 * (1 - jaro);
}

/** How alike two words are, in the levels that the weights know. */
export type Likeness = 'exact' | 'close' | 'similar' | 'different';

/**
 * `close`: one typing error (two in words of eight letters or more). `similar`: the same sound is for the caller to
 * say; here a Jaro–Winkler similarity of at least 0.88, or one word cut short to the other.
 */
export function likeness(left: string, right: string): Likeness {
  if (left === right) return 'exact';
  const shorter = Math.min(left.length, right.length);
  const allowed = shorter >= 8 ? 2 : 1;
  if (shorter >= 3 && editDistance(left, right, allowed) <= allowed) return 'close';
  if (shorter >= 4 && (left.startsWith(right) || right.startsWith(left))) return 'similar';
  return shorter >= 3 && jaroWinkler(left, right) >= 0.88 ? 'similar' : 'different';
}
