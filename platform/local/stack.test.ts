import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { cacheCandidates, readLocalSettings } from './local-settings.ts';
import { locateTemporalCli } from './temporal-cli.ts';
import { startTemporal } from './temporal.ts';
import { startStack } from './stack.ts';

const settings = readLocalSettings(process.env);
const where = {
  searchPath: settings.PATH,
  cliPath: settings.TEMPORAL_CLI_PATH,
  cacheCandidates: cacheCandidates(settings, '.data'),
};

describe('the test stack', () => {
  it('starts twice side by side and leaves nothing', async () => {
    const stacks = await Promise.all([startStack(where), startStack(where)]);
    const [one, other] = stacks;
    try {
      assert.ok(one && other);
      assert.notEqual(one.temporal.address, other.temporal.address);
      assert.notEqual(one.postgres.port, other.postgres.port);
    } finally {
      await Promise.all(stacks.map((stack) => stack.stop()));
    }
    for (const { folder } of stacks) await assert.rejects(stat(folder), { code: 'ENOENT' });
  });

  it('ends what it has started when a part fails', async () => {
    await assert.rejects(startStack({ ...where, cliPath: '/bin/true' }), /TEMPORAL_CLI_PATH/);
  });
});

describe('the local Temporal', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-temporal-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('goes on with its workflows after kill -9, and takes new search attributes', async () => {
    const { path } = await locateTemporalCli(where);
    const options = { program: path, dbFile: join(folder, 'temporal.db'), uiPort: null };
    const first = await startTemporal({ ...options, searchAttributes: { Tenant: 'Keyword' } });
    try {
      await inService(first.address, (connection) =>
        connection.workflowService.startWorkflowExecution({
          namespace: 'default',
          workflowId: 'kept',
          requestId: 'one',
          workflowType: { name: 'anything' },
          taskQueue: { name: 'nobody' },
        }),
      );
      first.kill();
      await first.exited;
    } finally {
      await first.stop();
    }
    const second = await startTemporal({ ...options, searchAttributes: { Tenant: 'Keyword', Later: 'Int' } });
    try {
      const described = await inService(second.address, (connection) =>
        connection.workflowService.describeWorkflowExecution({
          namespace: 'default',
          execution: { workflowId: 'kept' },
        }),
      );
      assert.equal(described.workflowExecutionInfo?.type?.name, 'anything');
      const { customAttributes } = await inService(second.address, (connection) =>
        connection.operatorService.listSearchAttributes({ namespace: 'default' }),
      );
      assert.deepEqual(Object.keys(customAttributes ?? {}).sort(), ['Later', 'Tenant']);
    } finally {
      await second.stop();
    }
  });
});

async function inService<T>(address: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
