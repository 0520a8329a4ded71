import fc from 'fast-check';
import { brokenTexts } from './broken-json.ts';
import { valuesOf, type JsonSchema } from './schema-arbitrary.ts';

export interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: JsonSchema }[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
}

/** A request as it goes out: everything in it is text, right or wrong. */
export interface MadeRequest {
  /** Path and query. */
  target: string;
  headers: Record<string, string>;
  /** JSON, or whatever somebody takes for it; the parts of a form; nothing. */
  body?: string | FormPart[];
}

export interface FormPart {
  name: string;
  value: string;
  /** Of a part that is a file. */
  fileName?: string;
}

/** Text for a path or a query that no identifier, number or word is. `%` stands for itself and for bytes that are no UTF-8. */
const hostileTexts = fc.oneof(
  fc.constantFrom(
    '%00',
    '%ff',
    '%ed%a0%80',
    '%',
    '..%2f..%2fetc%2fpasswd',
    '%0d%0aSet-Cookie:%20a=b',
    'null',
    '-1',
    '1e999',
    '99999999999999999999',
    '0x10',
    'true',
    '%27%3b%20select%201',
    'x'.repeat(2_000),
  ),
  fc.string({ unit: 'binary' }).map((text) => encodeURIComponent(text.toWellFormed())),
);

const headerTexts = fc.oneof(
  fc.string({ unit: 'grapheme-ascii' }),
  fc.constantFrom(
    '"',
    '*',
    'W/"1"',
    'bytes=0-',
    'bytes=9-1',
    'bytes=-99999999999999999999',
    'x'.repeat(1_000),
    '\u{ff}',
  ),
);

const contentTypes = [
  'text/plain',
  'application/json; charset=utf-16',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  '/',
];

/** Requests of an operation: right ones, and ones that are wrong in one or several places. */
export function requestsOf(
  path: string,
  { parameters = [], requestBody }: Operation,
  document: object,
  /** Parameters of the path that lead to something. */
  known: Readonly<Record<string, string>> | null,
): fc.Arbitrary<MadeRequest> {
  const inPath = parameters.filter((one) => one.in === 'path');
  const pathValues = fc.tuple(
    ...inPath.map(({ name, schema }) =>
      fc.oneof(
        { weight: known?.[name] === undefined ? 0 : 6, arbitrary: fc.constant(known?.[name] ?? '') },
        { weight: 1, arbitrary: textOf(valuesOf(schema, document)) },
        { weight: 1, arbitrary: hostileTexts.filter((text) => text !== '' && text !== '.' && text !== '..') },
      ),
    ),
  );
  const query = parameters
    .filter((one) => one.in === 'query')
    .map(({ name, schema }) =>
      fc.option(
        fc.tuple(
          fc.constant(name),
          fc.oneof(
            { weight: 3, arbitrary: textOf(valuesOf(schema, document)) },
            { weight: 1, arbitrary: hostileTexts },
          ),
        ),
        { nil: null },
      ),
    );
  const stray = fc.option(
    fc.tuple(fc.constantFrom('unheard_of', '__proto__', 'limit', 'cursor', '%00'), hostileTexts),
    {
      freq: 4,
      nil: null,
    },
  );
  const names = [
    'traceparent',
    'accept',
    'range',
    'if-match',
    'idempotency-key',
    'last-event-id',
    'x-forwarded-for',
  ];
  const declared = parameters
    .filter((one) => one.in === 'header')
    .map((one) => one.name.toLowerCase())
    // How long to wait for an end is a wish that a test has not.
    .filter((name) => name !== 'prefer');
  const headers = fc.dictionary(fc.constantFrom(...new Set([...declared, ...names])), headerTexts, {
    maxKeys: 2,
  });
  return fc
    .record({
      pathValues,
      query: fc.tuple(stray, ...query),
      headers,
      body: bodiesOf(requestBody, document),
    })
    .map((made) => {
      const filled = inPath.reduce(
        (text, { name }, at) => text.replace(`{${name}}`, made.pathValues[at] ?? ''),
        path,
      );
      const asked = made.query.flatMap((pair) => (pair ? [pair.join('=')] : [])).join('&');
      return {
        target: asked === '' ? filled : `${filled}?${asked}`,
        headers: { ...made.headers, ...made.body.headers },
        ...(made.body.body === undefined ? {} : { body: made.body.body }),
      };
    });
}

function bodiesOf(
  requestBody: Operation['requestBody'],
  document: object,
): fc.Arbitrary<Pick<MadeRequest, 'headers' | 'body'>> {
  const none = fc.constant({ headers: {} });
  if (!requestBody) return none;
  const kinds = Object.entries(requestBody.content).map(([type, { schema }]) => {
    if (type === 'multipart/form-data') return forms(schema, document).map((body) => ({ headers: {}, body }));
    const values = type === 'application/json' ? valuesOf(schema, document) : fc.jsonValue();
    const texts = fc.oneof(
      { weight: 2, arbitrary: values.map((value) => JSON.stringify(value) ?? '') },
      { weight: 3, arbitrary: values.chain(brokenTexts) },
    );
    const typed = fc.oneof(
      { weight: 8, arbitrary: fc.constant(type) },
      { weight: 1, arbitrary: fc.constantFrom(...contentTypes) },
    );
    return fc.record({ headers: typed.map((content) => ({ 'content-type': content })), body: texts });
  });
  return fc.oneof({ weight: 10, arbitrary: fc.oneof(...kinds) }, { weight: 1, arbitrary: none });
}

const files = fc.constantFrom(
  'first name,last name\nAda,Lovelace\n',
  'phone\n+14155552671\n',
  '{"phone":"+14155552671"}\n',
  '',
  '\n\n\n',
  'a,a,a\n1,2\n"',
  '"'.repeat(5_000),
  '\0\0\0\0',
  'PK\u{3}\u{4}',
  '%PDF-1.7',
);

const fileNames = fc.constantFrom(
  'people.csv',
  'people.ndjson',
  '../../people.csv',
  'a\u{202e}vsc.exe',
  '',
  '"; x="',
);

function forms(schema: JsonSchema, document: object): fc.Arbitrary<FormPart[]> {
  const fields = Object.entries(schema.properties ?? {}).filter(([name]) => name !== 'file');
  const parts = fields.map(([name, one]) =>
    fc.option(
      fc.record({
        name: fc.constant(name),
        value: fc.oneof(
          valuesOf(one, document).map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
          valuesOf(one, document).chain(brokenTexts),
          fc.constantFrom('\0', 'a\0b', '{"fields":{"a":"\\u0000"}}'),
        ),
      }),
      { nil: null, freq: 1 },
    ),
  );
  const file = fc.record({ name: fc.constant('file'), value: files, fileName: fileNames });
  const stray = fc.record({
    name: fc.constantFrom('', 'unheard_of', '__proto__', 'tenant_id'),
    value: fc.string(),
  });
  return fc
    .tuple(fc.option(file, { nil: null, freq: 6 }), fc.option(stray, { nil: null, freq: 1 }), ...parts)
    .map((made) => made.filter((part) => part !== null));
}

function textOf(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return values.map((value) =>
    encodeURIComponent((typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed()),
  );
}
