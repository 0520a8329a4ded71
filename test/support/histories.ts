import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Histories of workflows as released versions have written them. Whatever runs now must replay them all. */
export const historiesFolder = fileURLToPath(new URL('../histories', import.meta.url));

/**
 * Keeps the history of a run under `test/histories/<name>.json`, when `SAVE_HISTORIES` is set: to be done once with every
 * released change of a workflow.
 *
 * @param name `<workflow>/<what happens in it>`
 */
export async function keepHistory(
  client: Client,
  workflowId: string,
  name: string,
  runId?: string,
): Promise<void> {
  if (!process.env['SAVE_HISTORIES']) return;
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
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
