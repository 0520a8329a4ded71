/** Most headers of its own that an endpoint may have, and most bytes of all their names and values. */
export const mostHeaders = 20;
export const mostHeaderBytes = 4_096;

const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;

/** Visible ASCII and spaces within (RFC 9110 §5.5). Anything else could end the line and begin another header. */
const headerValue = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Ours, the connection's, or such as would change what is sent. */
const reserved: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);

const secretLike = /auth|token|secret|key|pass|pwd|signature|cookie|credential|session/i;

/** What is wrong with the headers of an endpoint, by their names; empty when nothing is. */
export function headerProblems(headers: Readonly<Record<string, string>>): Map<string, string> {
  const problems = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!headerName.test(name)) problems.set(name, 'This is no name of a header.');
    else if (reserved.has(lower) || lower.startsWith('webhook-'))
      problems.set(name, 'This header is set by us.');
    else if (seen.has(lower)) problems.set(name, 'The header is there twice.');
    else if (!headerValue.test(value))
      problems.set(name, 'A value has visible ASCII characters, and spaces between them.');
    seen.add(lower);
  }
  return problems;
}

/** The bytes of names and values together. */
export function headerBytes(headers: Readonly<Record<string, string>>): number {
  return Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

/** Whether a header is likely to hold a secret, going by its name. */
export function isSecretHeader(name: string): boolean {
  return secretLike.test(name);
}

/** Headers as they may be shown and logged: what is likely to be a secret is masked. */
export function maskedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, isSecretHeader(name) ? mask : value]),
  );
}

/** Stands where a secret is not shown. */
export const mask = '********';
