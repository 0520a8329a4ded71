import { addressInHost, isPublicAddress } from './address.ts';

/**
 * Hosts that a caller may reach. Each rule is a host (`api.example.com`: the scheme's own port), a host with a port
 * (`api.example.com:8443`), or every subdomain (`*.example.com`). `http://` in front permits plain HTTP; without it
 * only HTTPS is. `'any'`: every public host and port, by HTTPS.
 */
export type HostRules = readonly string[] | 'any';

export type RefusalCode = 'url_invalid' | 'scheme_refused' | 'host_refused' | 'address_refused';

export type Destination =
  | { allowed: true; url: URL; private: boolean }
  | { allowed: false; code: RefusalCode; message: string };

interface HostRule {
  hostname: string;
  subdomains: boolean;
  /** Null: the default port of the scheme. */
  port: string | null;
  plain: boolean;
}

/** Reads one rule of a host list; null if it isn't one. */
export function parseHostRule(rule: string): HostRule | null {
  const match = /^(?<scheme>https?:\/\/)?(?<star>\*\.)?(?<host>[^/?#@\\*\s]+)$/i.exec(rule.trim());
  const host = match?.groups?.['host'];
  if (host === undefined) return null;
  const url = URL.parse(`https://${host}`);
  if (url === null || url.hostname === '') return null;
  return {
    hostname: nameOf(url.hostname),
    subdomains: match?.groups?.['star'] !== undefined,
    port: /:(\d+)$/.exec(host)?.[1] ?? null,
    plain: match?.groups?.['scheme']?.toLowerCase() === 'http://',
  };
}

/**
 * Decides whether a caller may send a request to a URL, as far as the URL itself tells. A name is decided here by the
 * rules only; the addresses it has are checked when the connection is made.
 *
 * @param allowPrivate `host:port` pairs that the operator lets us reach on private addresses and by plain HTTP. They
 *   widen no caller's rules.
 */
export function checkDestination(
  target: string | URL,
  hosts: HostRules,
  allowPrivate: ReadonlySet<string>,
): Destination {
  const url = URL.parse(String(target));
  if (url === null || url.hostname === '') return refused('url_invalid', 'The URL is not valid.');
  if (url.username !== '' || url.password !== '') {
    return refused('url_invalid', 'The URL must not carry a user name or a password.');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refused('scheme_refused', 'Only https (and http where it is allowed) can be requested.');
  }
  const isPrivate = allowPrivate.has(hostAndPort(url));
  const rule = hosts === 'any' ? null : matchingRule(url, hosts);
  if (rule === undefined)
    return refused('host_refused', `The host ${url.host} is not on the list of allowed hosts.`);
  if (url.protocol === 'http:' && !isPrivate && rule?.plain !== true) {
    return refused('scheme_refused', `The host ${url.host} may be reached by https only.`);
  }
  // The URL parser has already turned octal, hexadecimal and decimal spellings into four dotted numbers.
  const address = addressInHost(url.hostname);
  if (address !== null && !isPrivate && !isPublicAddress(address)) {
    return refused('address_refused', `The address ${address} is not a public one.`);
  }
  if (!isPrivate && isLoopbackName(nameOf(url.hostname))) {
    return refused('address_refused', `The host ${url.hostname} is the machine itself.`);
  }
  return { allowed: true, url, private: isPrivate };
}

/** The `host:port` of a URL, with the port always named. */
export function hostAndPort(url: URL): string {
  return `${nameOf(url.hostname)}:${portOf(url)}`;
}

/** Reads the operator's list of `host:port` pairs. @throws TypeError naming a wrong entry */
export function parseHostsAndPorts(entries: readonly string[]): Set<string> {
  return new Set(
    entries.map((entry) => {
      const rule = parseHostRule(entry);
      if (rule === null || rule.port === null || rule.subdomains) {
        throw new TypeError(`"${entry}" is not of the form host:port.`);
      }
      return `${rule.hostname}:${rule.port}`;
    }),
  );
}

function matchingRule(url: URL, hosts: readonly string[]): HostRule | undefined {
  const name = nameOf(url.hostname);
  return hosts
    .map(parseHostRule)
    .filter((rule) => rule !== null)
    .filter((rule) => (rule.subdomains ? name.endsWith(`.${rule.hostname}`) : name === rule.hostname))
    .filter((rule) => (rule.port === null ? url.port === '' : rule.port === portOf(url)))
    .toSorted((a, b) => Number(b.plain) - Number(a.plain))[0];
}

function portOf(url: URL): string {
  return url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
}

/** Names that are the machine's own wherever they are looked up (RFC 6761 §6.3). */
function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/** "example.com." and "example.com" are one host. */
function nameOf(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '');
}

function refused(code: RefusalCode, message: string): Destination {
  return { allowed: false, code, message };
}
