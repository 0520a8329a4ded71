/** The value that a JSON pointer (RFC 6901) names; undefined where there is none. */
export function at(pointer: string, document: unknown): unknown {
  let value = document;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** An ID as text: a text that is not empty, or a whole number. Null for anything else. */
export function idOf(value: unknown): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value !== '' && value.length <= 255 && !value.includes('\0')
    ? value
    : null;
}

/** A moment: ISO 8601, or seconds since 1970. Null for anything else. */
export function momentOf(value: unknown): Date | null {
  const text = typeof value === 'string' ? value : null;
  const seconds =
    typeof value === 'number' ? value : text !== null && /^\d{9,11}$/.test(text) ? Number(text) : null;
  const date = seconds !== null ? new Date(seconds * 1_000) : text !== null ? new Date(text) : null;
  if (date === null || Number.isNaN(date.getTime())) return null;
  // What PostgreSQL can hold, and anybody can mean.
  return date.getUTCFullYear() > 1970 && date.getUTCFullYear() < 2200 ? date : null;
}
