import type { Config } from '../config.ts';
import { vendorClient } from '../http/vendor-client.ts';
import type { Carrier } from './carrier.ts';
import { EasyPostCarrier } from './easypost.ts';

/** The carrier that the configuration names, or null: then no labels are bought. Its owner closes it. */
export function openCarrier(
  config: Pick<Config, 'EASYPOST_API_KEY' | 'EASYPOST_API_URL'>,
): { carrier: Carrier; close(): Promise<void> } | null {
  const { EASYPOST_API_KEY: apiKey, EASYPOST_API_URL: baseUrl } = config;
  if (!apiKey) return null;
  const client = vendorClient(baseUrl);
  const carrier = new EasyPostCarrier({ apiKey, client, ...(baseUrl ? { baseUrl } : {}) });
  return { carrier, close: () => client.close() };
}
