import fc from 'fast-check';

/** JSON texts that break what somebody takes for granted: of types, of sizes, of characters, of names. */
const hostile: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '1e400',
  '-0',
  '9007199254740993',
  '123456789012345678901234567890',
  '0.1e-320',
  '""',
  '" "',
  String.raw`"\u0000"`,
  String.raw`"\ud800"`,
  String.raw`"a\r\nSet-Cookie: a=b"`,
  String.raw`"\u202e\u0085\u2028"`,
  '"__proto__"',
  '"constructor"',
  `"'; drop table identity.users; --"`,
  '"{{secret.token}}${7*7}%s%n"',
  '"../../../../etc/passwd"',
  '"http://169.254.169.254/latest/meta-data/"',
  '"0001-01-01T00:00:00Z"',
  '"99999-12-31T00:00:00Z"',
  '"00000000-0000-0000-0000-000000000000"',
  `"${'x'.repeat(70_000)}"`,
  '[]',
  '{}',
  '[[[[[[[[[[]]]]]]]]]]',
  String.raw`{"__proto__":{"role":"owner"}}`,
  String.raw`{"constructor":{"prototype":{"role":"owner"}}}`,
  '{"toString":null,"length":-1,"then":1}',
  `[${'0,'.repeat(3_000)}0]`,
];

/** The text of a JSON value in which something has been replaced, taken out or put in; or which is no JSON at all. */
export function brokenTexts(value: unknown): fc.Arbitrary<string> {
  const places = placesIn(value);
  const text = JSON.stringify(value) ?? '';
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom(...places), fc.constantFrom(...hostile))
        .map(([place, put]) => textWith(value, place, put)),
    },
    { weight: 2, arbitrary: fc.constantFrom(...places).map((place) => textWith(value, place, null)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        '{',
        '\u{feff}{}',
        `${text},`,
        text.slice(0, -1),
        text.replace('{', '{"unheard_of":1,'),
        text.replace('{', '{"__proto__":{"role":"owner"},'),
        `${'['.repeat(100_000)}`,
      ),
    },
  );
}

type Place = readonly (string | number)[];

function placesIn(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, member]) => placesIn(member, [...at, name]))];
}

/** @param put the text for that place; null: what stands there is left out */
function textWith(value: unknown, [first, ...rest]: Place, put: string | null): string {
  if (first === undefined) return put ?? '';
  const inside = (name: string, member: unknown): string | null => {
    if (name !== String(first)) return JSON.stringify(member) ?? 'null';
    return rest.length === 0 && put === null ? null : textWith(member, rest, put);
  };
  const members = Object.entries(value as object).flatMap(([name, member]) => {
    const text = inside(name, member);
    if (text === null) return [];
    return Array.isArray(value) ? [text] : [`${JSON.stringify(name)}:${text}`];
  });
  return Array.isArray(value) ? `[${members.join(',')}]` : `{${members.join(',')}}`;
}
