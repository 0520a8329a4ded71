import type { LocalSystem } from '../platform/local/local-system.ts';

/** The file in the data folder that tells other commands where the running system answers. */
export const addressesFile = 'addresses.json';

export interface Addresses {
  apiUrl: string;
  /** Null when Temporal is not ours. */
  temporalUiUrl: string | null;
  /** Null when the real one is used. */
  stripeUrl: string | null;
  /** Null when the real one is used. */
  easypostUrl: string | null;
  /** `host:port` of this machine that endpoints of webhooks may be at. */
  receiverAddress: string;
}

export function addressesOf({ apiUrl, temporalUiUrl, simulators, receiverAddress }: LocalSystem): Addresses {
  const urlOf = (kind: string) => simulators.find((one) => one.kind === kind)?.url ?? null;
  return {
    apiUrl,
    temporalUiUrl,
    stripeUrl: urlOf('stripe'),
    easypostUrl: urlOf('easypost'),
    receiverAddress,
  };
}
