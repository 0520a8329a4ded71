import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import {
  startEasyPostSimulator,
  type EasyPostSimulator,
  type EasyPostSimulatorOptions,
} from '../../platform/local/easypost/simulator.ts';
import type { SimulatedShipment } from '../../platform/local/easypost/shipments.ts';
import { runFolder } from './run.ts';

/** A simulator with a folder of its own. Its owner stops it. */
export async function startTestEasyPost(
  options: Partial<EasyPostSimulatorOptions> = {},
): Promise<EasyPostSimulator> {
  const folder = options.folder ?? (await mkdtemp(join(await runFolder(), 'easypost-')));
  return await startEasyPostSimulator({ webhookWaits: [10, 50, 200], ...options, folder });
}

/** What the simulator knows of a package, by the package's id; null when it was never asked about it. */
export async function shipmentOf(url: string, fulfillmentId: string): Promise<SimulatedShipment | null> {
  const headers = { authorization: `Basic ${Buffer.from('EZTKlook:').toString('base64')}` };
  const response = await fetch(`${url}/v2/shipments/${encodeURIComponent(`label:${fulfillmentId}`)}`, {
    headers,
  });
  if (response.status === 404) return null;
  return (await response.json()) as SimulatedShipment;
}
