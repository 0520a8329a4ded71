import { bits, type Evidence } from './evidence.ts';
import { editDistance, jaroWinkler } from './similarity.ts';

/** Bits that two people who share nothing else share a mailbox, at most; the share of a household comes off in the score. */
const m = { exact: 0.7, close: 0.08, similar: 0.06 };
const u = { exact: 1e-6, close: 2e-4, similar: 1e-3 };
const against = { phone: -0.8, email: -1.5, nationalId: -4 };

/** Telephone numbers in E.164: the best pair counts. Numbers without country code agree by their last seven digits. */
export function comparePhones(query: readonly string[], person: readonly string[]): Evidence[] {
  return best('phone', query, person, against.phone, (left, right) => {
    if (left === right) return ['exact', bits(m.exact, u.exact)];
    const national =
      left.startsWith('+') !== right.startsWith('+') || Math.min(left.length, right.length) <= 8;
    if (national && left.slice(-7) === right.slice(-7)) return ['exact', bits(m.exact, u.exact * 10)];
    if (left.length === right.length && editDistance(left, right, 1) <= 1)
      return ['close', bits(m.close, u.close)];
    return null;
  });
}

/** E-mail keys: the same mailbox, one or two typing errors, more of them in a long address, or the same local part at another domain. */
export function compareEmails(query: readonly string[], person: readonly string[]): Evidence[] {
  return best('email', query, person, against.email, (left, right) => {
    if (left === right) return ['exact', bits(m.exact, u.exact)];
    if (editDistance(left, right, 2) <= 2) return ['close', bits(m.close, u.close)];
    const local = left.slice(0, left.lastIndexOf('@'));
    const other = right.slice(0, right.lastIndexOf('@'));
    const alike = local.length >= 5 && (local === other || jaroWinkler(left, right) >= 0.9);
    if (alike) return ['similar', bits(m.similar, u.similar)];
    return null;
  });
}

/** National identifiers: the same, one typing error, or different. */
export function compareNationalIds(query: string, person: string): Evidence[] {
  if (query === '' || person === '') return [];
  return best('national_id', [query], [person], against.nationalId, (left, right) => {
    if (left === right) return ['exact', bits(0.9, u.exact)];
    if (left.length >= 5 && editDistance(left, right, 1) <= 1) return ['close', bits(m.close, u.close)];
    return null;
  });
}

function best(
  field: string,
  query: readonly string[],
  person: readonly string[],
  different: number,
  compare: (left: string, right: string) => [string, number] | null,
): Evidence[] {
  const [first] = query;
  const [other] = person;
  if (first === undefined || other === undefined) return [];
  let found: Evidence | null = null;
  for (const left of query) {
    for (const right of person) {
      const agreed = compare(left, right);
      if (agreed && (!found || agreed[1] > found.weight)) {
        found = { field, level: agreed[0], weight: agreed[1], query: left, value: right };
      }
    }
  }
  return [found ?? { field, level: 'different', weight: different, query: first, value: other }];
}
