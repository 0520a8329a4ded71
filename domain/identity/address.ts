import ipaddr from 'ipaddr.js';

/**
 * The network that an address is counted under: the address itself for IPv4, the /64 for IPv6, where one customer has
 * at least that many addresses to choose from.
 */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const prefix = parsed.toByteArray().slice(0, 8);
  return `${Buffer.from(prefix).toString('hex')}/64`;
}
