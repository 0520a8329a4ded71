import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Database } from '../../db/database.ts';
import { keyOf, payloadsIn } from './payloads.ts';
import { codecFor, testCodec } from './encryption.ts';

/** Histories of workflows as released versions have written them. Whatever runs now must replay them all. */
export const historiesFolder = fileURLToPath(new URL('../histories', import.meta.url));

/**
 * Keeps the history of a run under `test/histories/<name>.json`, when `SAVE_HISTORIES` is set: to be done once with every
 * released change of a workflow.
 *
 * @param database where the tenants' keys are: what is kept is sealed by the tests' ring instead, which all can open
 * @param name `<workflow>/<what happens in it>`
 */
export async function keepHistory(
  client: Client,
  database: Database,
  workflowId: string,
  name: string,
  runId?: string,
): Promise<void> {
  if (!process.env['SAVE_HISTORIES']) return;
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const codec = codecFor(database);
  // What is in the clear is the SDK's own, such as the markers of local activities: it must stay readable to it.
  for (const payload of payloadsIn(history).filter((one) => keyOf(one) !== '')) {
    Object.assign(payload, (await testCodec.encode(await codec.decode([payload])))[0]);
  }
  const path = join(historiesFolder, `${name}.json`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(withoutMachine(JSON.parse(historyToJSON(history))), null, 1)}\n`);
}

/** Which process and machine has written it, and where its code lay, says nothing to a replay. */
function withoutMachine(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMachine);
  if (typeof value === 'string') return value.replace(new RegExp(String.raw`^\d+@${hostname()}\b`), 'worker');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === 'stackTrace' ? '' : withoutMachine(inner)]),
  );
}
