import type { z } from 'zod';
import { hasStrayBraces, namesIn, splitPath } from './template.ts';
import { variableNames } from './variables.ts';

const secretName = /^secret\.[a-z][a-z0-9_]{0,62}$/;
const known: ReadonlySet<string> = new Set(variableNames);

/** Values that are safe in a header: made by us, in ASCII. What people type may hold line breaks or other scripts. */
const headerNames: ReadonlySet<string> = new Set([
  'query.kind',
  'query.key',
  'call.key',
  'phone.e164',
  'phone.digits',
]);

interface Templated {
  request: {
    method: string;
    url: string;
    headers: Record<string, string>;
    basic_auth?: { username: string; password: string } | undefined;
    json?: unknown;
    form?: Record<string, string> | undefined;
  };
}

/** Finds what is wrong with the templates of a configuration: each issue at its place. */
export function checkTemplates({ request }: Templated, context: z.core.$RefinementCtx): void {
  const issue = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path: ['request', ...path], message });
  };
  for (const { path, text } of templatesOf(request)) {
    for (const name of namesIn(text)) {
      if (!known.has(name) && !secretName.test(name)) issue(path, `There is no value named "${name}".`);
      else if (path[0] === 'headers' && !secretName.test(name) && !headerNames.has(name)) {
        issue(path, `"${name}" can't stand in a header; put it into the URL or the body.`);
      }
    }
    if (hasStrayBraces(text)) issue(path, 'Placeholders are written {{name}}.');
  }
  const [origin] = splitPath(request.url);
  const url = URL.parse(origin);
  if (url === null || namesIn(origin).length > 0 || hasStrayBraces(origin)) {
    issue(['url'], 'The URL must begin with a scheme and a host that are written out, without placeholders.');
  } else if (url.username !== '' || url.password !== '') {
    issue(['url'], 'Credentials belong into basic_auth or a header, as secrets.');
  }
  if (request.url.includes('#')) issue(['url'], 'A fragment is never sent; write # as %23.');
  if (request.json !== undefined && request.form !== undefined)
    issue(['form'], 'Give json or form, not both.');
  if (request.method === 'GET' && (request.json !== undefined || request.form !== undefined)) {
    issue(['method'], 'A GET has no body.');
  }
}

interface PlacedTemplate {
  path: (string | number)[];
  text: string;
}

/** Every template of a request, with its path. */
function templatesOf(request: Templated['request']): PlacedTemplate[] {
  return textsIn(
    {
      url: request.url,
      headers: request.headers,
      basic_auth: request.basic_auth,
      json: request.json,
      form: request.form,
    },
    [],
  );
}

/** The names of the secrets a request needs, without "secret.". */
export function secretNamesOf(request: Templated['request']): string[] {
  const names = templatesOf(request).flatMap(({ text }) => namesIn(text));
  return [...new Set(names.filter((name) => secretName.test(name)))].map((name) =>
    name.slice('secret.'.length),
  );
}

function textsIn(value: unknown, path: (string | number)[]): PlacedTemplate[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (Array.isArray(value)) return value.flatMap((element, index) => textsIn(element, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) => textsIn(child, [...path, name]));
}
