import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheCandidates } from '../../platform/local/local-settings.ts';
import { locateTemporalCli } from '../../platform/local/temporal-cli.ts';
import { startTemporal, type LocalTemporal } from '../../platform/local/temporal.ts';
import { createLogger } from '../../platform/log.ts';
import { installRuntime } from '../../workers/runtime.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { testDataConverter } from './encryption.ts';
import { closeAfterRun, oncePerRun } from './run.ts';
import { until } from './until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A Temporal Service of the test's own, in memory or in a file, with further settings. Its owner stops it. */
export async function startOwnTemporal(
  dynamicConfig: Record<string, unknown> = {},
  { dbFile = null, port = 0 }: { dbFile?: string | null; port?: number } = {},
): Promise<LocalTemporal> {
  const { path } = await locateTemporalCli({
    searchPath: process.env['PATH'],
    cliPath: process.env['TEMPORAL_CLI_PATH'],
    cacheCandidates: cacheCandidates({ XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] }, join(root, '.data')),
  });
  return await startTemporal({
    program: path,
    dbFile,
    port,
    uiPort: null,
    logLevel: 'error',
    searchAttributes,
    dynamicConfig,
  });
}

/**
 * One Temporal Service for the run: that of `TEST_TEMPORAL_ADDRESS`, else one in memory. Tests keep apart by the names of
 * their queues and workflows.
 */
export const temporalServer = oncePerRun(async (): Promise<Pick<LocalTemporal, 'address' | 'namespace'>> => {
  const given = process.env['TEST_TEMPORAL_ADDRESS'];
  if (given) return { address: given, namespace: 'default' };
  const server = await startOwnTemporal();
  closeAfterRun(() => server.stop());
  return server;
});

/** A client of it with the tests' keys, shared by the run. */
export const temporalClient = oncePerRun(async () => {
  const { address, namespace } = await temporalServer();
  const connection = await Connection.connect({ address });
  closeAfterRun(() => connection.close());
  return new Client({ connection, namespace, dataConverter: testDataConverter });
});

/** A connection for workers in this process, shared by the run. */
export const workerConnection = oncePerRun(async () => {
  const { address } = await temporalServer();
  const connection = await connectWorker(address);
  closeAfterRun(() => connection.close());
  return connection;
});

/** Waits until a workflow has ended well. Its result stays unread: payloads may be encrypted, and only workers hold the keys. */
export async function untilCompleted(client: Client, workflowId: string): Promise<void> {
  const status = await until(async () => {
    const { status: now } = await client.workflow.getHandle(workflowId).describe();
    return now.name === 'RUNNING' ? null : now.name;
  });
  assert.equal(status, 'COMPLETED', workflowId);
}

/** Connects as the workers do: with the runtime as they install it, whichever test is the first to need one. */
export async function connectWorker(address: string): Promise<NativeConnection> {
  installRuntime(createLogger('test', 'silent'));
  return await NativeConnection.connect({ address });
}
