import ipaddr from 'ipaddr.js';

/** Public by its range, but answered inside a cloud: Azure's host agent, which hands out credentials. */
const cloudAgents: ReadonlySet<string> = new Set(['168.63.129.16']);

/**
 * Whether an IP address lies in the public internet. Everything else is refused: private, loopback, link-local (where
 * clouds serve credentials), carrier-grade NAT, multicast, unspecified, documentation and benchmark ranges, and every
 * IPv6 form that carries an IPv4 address inside (mapped, compatible, NAT64, 6to4, Teredo), since the network may take it apart again.
 *
 * Ranges: the IANA special-purpose address registries (RFC 6890), as ipaddr.js knows them.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.parse(address);
  if (ip.range() !== 'unicast' || cloudAgents.has(ip.toString())) return false;
  if (ip.kind() === 'ipv4') return true;
  // IANA has given out global unicast addresses in 2000::/3 only (RFC 4291 §2.4).
  return ip.match(ipaddr.IPv6.parse('2000::'), 3);
}

/** The address in a URL's host ("127.0.0.1", "[::1]"), or null if the host is a name. */
export function addressInHost(hostname: string): string | null {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(bare) ? bare : null;
}
