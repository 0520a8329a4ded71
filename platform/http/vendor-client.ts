import { hostAndPort } from './destination.ts';
import { OutboundClient } from './outbound.ts';

/**
 * A way out to one vendor's API alone. An address that the operator names instead of the vendor's own may be a private one: a
 * proxy, or a simulator on this machine.
 */
export function vendorClient(baseUrl: string | undefined): OutboundClient {
  return new OutboundClient(baseUrl ? { allowPrivate: [hostAndPort(new URL(baseUrl))] } : {});
}
