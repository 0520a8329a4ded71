import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { isPublicAddress } from './address.ts';

export interface ResolvedAddress {
  address: string;
  family: number;
}

/** All addresses of a host name. */
export type Resolver = (hostname: string) => Promise<ResolvedAddress[]>;

/** What `getaddrinfo` says, as for every other program on the machine. */
export const systemResolver: Resolver = (hostname) => lookup(hostname, { all: true });

/** A name that has an address we don't connect to. */
export class AddressRefused extends Error {
  constructor() {
    super('The host has an address that is not a public one.');
    this.name = 'AddressRefused';
  }
}

/**
 * A connection pool whose connections go to checked addresses only. The name is resolved once, here, and the socket
 * gets the very addresses that were checked: a name that answers differently the second time (DNS rebinding) gains
 * nothing. Proxies named in the environment are not used, as they would resolve the name again.
 *
 * @param publicOnly false: for destinations that the operator has named, whatever their address
 */
export function guardedAgent(resolve: Resolver, publicOnly: boolean, connectTimeoutMs: number): Agent {
  return new Agent({
    connect: { timeout: connectTimeoutMs, lookup: guardedLookup(resolve, publicOnly) },
    // Time is bounded for the request as a whole, by its caller.
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
  });
}

function guardedLookup(resolve: Resolver, publicOnly: boolean): LookupFunction {
  return (hostname, options, callback) => {
    const answer = async (): Promise<void> => {
      const addresses = (await resolve(hostname)).filter(({ address }) => isIP(address) !== 0);
      // One bad address among good ones is refused too: which of them is tried first is not ours to say.
      if (publicOnly && !addresses.every(({ address }) => isPublicAddress(address)))
        throw new AddressRefused();
      const [first] = addresses;
      if (first === undefined)
        throw Object.assign(new Error('The host has no address.'), { code: 'ENOTFOUND' });
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    };
    answer().catch((error: NodeJS.ErrnoException) => {
      callback(error, []);
    });
  };
}
