/** Whether a text is a JSON pointer (RFC 6901): empty, or parts that each begin with a slash. */
export function isJsonPointer(text: string): boolean {
  return /^(?:\/(?:[^~/]|~[01])*)*$/.test(text);
}

/**
 * The value a JSON pointer leads to, or undefined if there is none. Own properties only, so `/constructor` of a
 * vendor's answer is what the vendor wrote. In an array a part is an index without leading zeros.
 */
export function atPointer(document: unknown, pointer: string): unknown {
  let value = document;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) ? !/^(?:0|[1-9]\d*)$/.test(name) : !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
