/** Shorter secrets would blot out ordinary words; no vendor gives out such. */
const shortest = 4;

/**
 * Takes secrets out of every text of a JSON value, names included: a vendor may echo our request in its answer, as
 * sent, percent-encoded or in base64.
 */
export function redact<T>(value: T, secrets: readonly string[]): T {
  const forms = secrets
    .filter((secret) => secret.length >= shortest)
    .flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret, 'utf8').toString('base64')])
    // The longest first: a secret may hold another one.
    .toSorted((a, b) => b.length - a.length);
  return (forms.length === 0 ? value : withoutForms(value, forms)) as T;
}

function withoutForms(value: unknown, forms: readonly string[]): unknown {
  if (typeof value === 'string')
    return forms.reduce((text, form) => text.replaceAll(form, '[secret]'), value);
  if (Array.isArray(value)) return value.map((element) => withoutForms(element, forms));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [withoutForms(name, forms), withoutForms(child, forms)]),
  );
}
