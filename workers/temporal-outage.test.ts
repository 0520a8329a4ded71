import assert from 'node:assert/strict';
import { Client } from '@temporalio/client';
import { connectWorker } from '../test/support/temporal.ts';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheCandidates } from '../platform/local/local-settings.ts';
import { locateTemporalCli } from '../platform/local/temporal-cli.ts';
import { startTemporal } from '../platform/local/temporal.ts';
import { TargetDown } from './outbox-consumer.ts';
import { callTemporal } from './temporal-outage.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('a call to Temporal', () => {
  it('ends in time and blames the service when that is unknown, frozen or gone', async () => {
    const { path } = await locateTemporalCli({
      searchPath: process.env['PATH'],
      cliPath: process.env['TEMPORAL_CLI_PATH'],
      cacheCandidates: cacheCandidates(
        { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] },
        join(root, '.data'),
      ),
    });
    const server = await startTemporal({ program: path, dbFile: null, uiPort: null, logLevel: 'error' });
    const connection = await connectWorker(server.address);
    const start = async (namespace: string) => {
      const client = new Client({ connection, namespace });
      const options = { workflowId: 'call:1', taskQueue: 'nobody' };
      await callTemporal(client, () => client.workflow.start('nothing', options), 1_000);
    };
    try {
      await start('default');
      await assert.rejects(start('no-such-namespace'), TargetDown);
      process.kill(server.pid, 'SIGSTOP');
      await assert.rejects(start('default'), TargetDown);
      server.kill();
      await server.exited;
      await assert.rejects(start('default'), TargetDown);
    } finally {
      await connection.close();
      await server.stop();
    }
  });
});
