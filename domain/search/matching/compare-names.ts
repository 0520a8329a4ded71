import { bits, type Evidence } from './evidence.ts';
import type { Frequency, TermKind } from './frequency.ts';
import type { Nicknames } from './nicknames.ts';
import { sound } from './phonetic.ts';
import type { PersonName } from './person-name.ts';
import { likeness } from './similarity.ts';

type Role = keyof PersonName;
type Level = 'exact' | 'nickname' | 'close' | 'similar' | 'initial';

interface Word {
  role: Role;
  text: string;
}

interface Pair {
  left: Word;
  right: Word;
  level: Level;
  weight: number;
}

/** The chance that two records of one person have the word in this way. Together with `different` about one. */
const m = {
  exact: 0.8,
  nickname: 0.06,
  close: 0.08,
  similar: 0.03,
  different: { given: 0.08, surname: 0.06 },
};
/** The chance that a word of another person is near to a given one without being it. */
const nearby = { close: 0.002, similar: 0.006, initial: 0.08 };
const kindOf: Readonly<Record<Role, TermKind>> = { given: 'g', surname: 's', other: 'n' };

/** Bits lost when a whole name is written the other way round, and when one word stands in another role. */
const swapCost = -3;
const roleCost = -1.5;
/** A word in another role and misspelled, too: mostly it is another name. */
const crossedError = -2;
/** A further word on both sides that agrees with none of the other. */
const furtherDifference = -0.8;
/** The words of one name hang together ("maria del carmen"): the strongest counts whole, the next ones less. */
const shareOfFurther = [1, 0.3, 0.1];

/** Given names and surnames, word by word, whatever their order. Missing words are no evidence. */
export function compareNames(
  query: PersonName,
  person: PersonName,
  frequency: Frequency,
  nicknames: Nicknames,
): Evidence[] {
  const left = wordsOf(query);
  const right = wordsOf(person);
  if (left.length === 0 || right.length === 0) return [];
  const pairs = align(left, right, frequency, nicknames);
  const swapped =
    pairs.some((pair) => pair.left.role === 'given' && pair.right.role === 'surname') &&
    pairs.some((pair) => pair.left.role === 'surname' && pair.right.role === 'given');
  const evidence: Evidence[] = [];
  const told = new Set<string>();
  for (const role of ['given', 'surname', 'other'] as const) {
    const own = pairs.filter((pair) => pair.left.role === role).sort((a, b) => b.weight - a.weight);
    const query_ = query[role].join(' ');
    const best = own[0];
    if (best) {
      let weight = own.reduce((sum, pair, index) => sum + pair.weight * (shareOfFurther[index] ?? 0.1), 0);
      if (best.left.role !== best.right.role) weight += swapped ? swapCost / 2 : roleCost;
      weight += furtherDifference * unmatchedOnBoth(role, own, query, person);
      const level = swapped && best.left.role !== best.right.role ? 'swapped' : best.level;
      evidence.push({
        field: fieldOf[role],
        level,
        weight,
        query: query_,
        value: person[best.right.role].join(' '),
      });
    } else if (role !== 'other' && query[role].length > 0) {
      const open = openRole(role, person, pairs, told);
      if (!open) continue;
      told.add(open);
      const joined = query[role].join('') === person[open].join('');
      evidence.push({
        field: fieldOf[role],
        level: joined ? 'close' : 'different',
        weight: joined ? bits(m.exact, nearby.close) : bits(m.different[role], 0.95),
        query: query_,
        value: person[open].join(' '),
      });
    }
  }
  return evidence;
}

const fieldOf = { given: 'given_name', surname: 'surname', other: 'middle_name' } as const;

/**
 * The role whose words of the person agreed with nothing and are not told of yet: the same role, or if that agreed with
 * words of the query's other role, the other. Undefined where the person has nothing to set against the query.
 */
function openRole(
  role: 'given' | 'surname',
  person: PersonName,
  pairs: readonly Pair[],
  told: ReadonlySet<string>,
): 'given' | 'surname' | undefined {
  const isOpen = (one: 'given' | 'surname'): boolean =>
    person[one].length > 0 && !told.has(one) && !pairs.some((pair) => pair.right.role === one);
  if (person[role].length === 0) return undefined;
  if (isOpen(role)) return role;
  const other = role === 'given' ? 'surname' : 'given';
  return isOpen(other) ? other : undefined;
}

function unmatchedOnBoth(role: Role, own: readonly Pair[], query: PersonName, person: PersonName): number {
  const right = person[role].length - own.filter((pair) => pair.right.role === role).length;
  return role === 'other' ? 0 : Math.max(0, Math.min(query[role].length - own.length, right));
}

function wordsOf(name: PersonName): Word[] {
  return (['given', 'surname', 'other'] as const).flatMap((role) =>
    name[role].map((text) => ({ role, text })),
  );
}

/** Pairs up the words, the strongest pair first, each word once. */
function align(left: Word[], right: Word[], frequency: Frequency, nicknames: Nicknames): Pair[] {
  const all: Pair[] = [];
  for (const one of left) {
    for (const other of right) {
      const pair = compareWords(one, other, frequency, nicknames);
      if (pair) all.push(pair);
    }
  }
  const value = (pair: Pair): number => pair.weight + (pair.left.role === pair.right.role ? 1.5 : 0);
  all.sort((a, b) => value(b) - value(a));
  const taken = new Set<Word>();
  return all.filter((pair) => {
    if (taken.has(pair.left) || taken.has(pair.right)) return false;
    taken.add(pair.left);
    taken.add(pair.right);
    return true;
  });
}

function compareWords(left: Word, right: Word, frequency: Frequency, nicknames: Nicknames): Pair | null {
  const pair = (level: Level, weight: number): Pair => ({ left, right, level, weight });
  const common = (): number => {
    const [one, other] = [frequency(kindOf[left.role], left.text), frequency(kindOf[right.role], right.text)];
    return left.role === right.role || left.text !== right.text ? Math.max(one, other) : one + other;
  };
  if (left.text === right.text) return pair('exact', bits(m.exact, common()));
  const shorter = Math.min(left.text.length, right.text.length);
  if (shorter === 1) {
    if (left.text[0] !== right.text[0] || left.role !== right.role) return null;
    return pair('initial', bits(m.exact, nearby.initial));
  }
  const alike = likeness(left.text, right.text);
  const close = bits(m.close, common() + nearby.close);
  if (left.role !== 'surname' && right.role !== 'surname' && nicknames.areForms(left.text, right.text)) {
    const nickname = bits(m.nickname, common() + nearby.close);
    return pair('nickname', alike === 'close' ? Math.max(close, nickname) : nickname);
  }
  const crossed = left.role !== right.role && left.role !== 'other' && right.role !== 'other';
  if (alike === 'close') return pair('close', close + (crossed ? crossedError : 0));
  if (crossed) return null;
  if (alike === 'similar' || (shorter >= 3 && sound(left.text) === sound(right.text))) {
    return pair('similar', bits(m.similar, common() + nearby.similar));
  }
  return null;
}
