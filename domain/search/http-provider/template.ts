import type { Variables } from './variables.ts';

const placeholder = /\{\{\s*([a-z][a-z0-9_.]*)\s*\}\}/g;

/** A value that would change the meaning of the request it is put into. */
export class UnsafeValue extends Error {
  constructor(variable: string) {
    super(`The value of ${variable} can't be put into the path of a URL.`);
    this.name = 'UnsafeValue';
  }
}

/** The names in a template, each once. */
export function namesIn(template: string): string[] {
  return [...new Set([...template.matchAll(placeholder)].map((match) => match[1] ?? ''))];
}

/** Whether braces are left over that no placeholder explains: a typing mistake that would be sent as it stands. */
export function hasStrayBraces(template: string): boolean {
  return /\{\{|\}\}/.test(template.replace(placeholder, ''));
}

/** The one name of a template that is nothing but a placeholder, or null. */
function loneName(template: string): string | null {
  return /^\{\{\s*([a-z][a-z0-9_.]*)\s*\}\}$/.exec(template)?.[1] ?? null;
}

/** Fills a template; names without a value become empty. Null if it is a lone placeholder without a value. */
export function fill(
  template: string,
  values: Variables,
  escape: (value: string) => string = (value) => value,
): string | null {
  const lone = loneName(template);
  if (lone !== null && !values.has(lone)) return null;
  return template.replace(placeholder, (_, name: string) => escape(values.get(name) ?? ''));
}

/**
 * Fills the path and query of a URL template. Values are percent-encoded, so none can add a path segment or a
 * parameter; a parameter whose placeholder has no value is left out.
 *
 * @throws UnsafeValue if a path segment came out as "." or ".."; URL parsers read these as steps even when encoded
 */
export function fillUrl(template: string, values: Variables): string {
  const [beforeQuery, query] = splitOnce(template, '?');
  const [origin, path] = splitPath(beforeQuery);
  const segments = path.split('/').map((segment) => {
    const filled = fill(segment, values, encodeURIComponent) ?? '';
    if (namesIn(segment).length > 0 && /^\.{1,2}$/.test(filled))
      throw new UnsafeValue(namesIn(segment).join(', '));
    return filled;
  });
  const parameters = (query ?? '').split('&').flatMap((pair) => {
    const [name, value] = splitOnce(pair, '=');
    const filled = value === undefined ? undefined : fill(value, values, encodeURIComponent);
    if (pair === '' || filled === null) return [];
    return [filled === undefined ? name : `${name}=${filled}`];
  });
  return `${origin}${segments.join('/')}${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`;
}

/** Fills the texts of a JSON value. A property or element that is a lone placeholder without a value is left out. */
export function fillJson(template: unknown, values: Variables): unknown {
  if (typeof template === 'string') return fill(template, values) ?? undefined;
  if (Array.isArray(template)) {
    return template.map((element) => fillJson(element, values)).filter((element) => element !== undefined);
  }
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template)
      .map(([name, value]) => [name, fillJson(value, values)] as const)
      .filter(([, value]) => value !== undefined),
  );
}

/** "https://host" and the rest. */
export function splitPath(url: string): [origin: string, path: string] {
  const origin = /^[a-z]+:\/\/[^/?#]*/i.exec(url)?.[0] ?? '';
  return [origin, url.slice(origin.length)];
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
