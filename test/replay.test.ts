import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMetrics } from '../platform/metrics.ts';
import { workflowBundle } from '../workers/bundle.ts';
import { createWorkflowSinks } from '../workers/workflow-sinks.ts';
import { testDataConverter } from './support/encryption.ts';
import { historiesFolder } from './support/histories.ts';

const quiet = () => undefined;
const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };

describe('The workflows of today', () => {
  it('replay every history that was saved', async () => {
    const names = (await Array.fromAsync(glob('*/*.json', { cwd: historiesFolder }))).toSorted();
    const { code } = await workflowBundle();
    const sinks = createWorkflowSinks(createMetrics('test'));
    const options = { workflowBundle: { code }, dataConverter: testDataConverter, sinks };
    // One worker for all of them, which is what takes the time.
    const replayed: string[] = [];
    for await (const { workflowId, error } of Worker.runReplayHistories(options, historiesOf(names))) {
      assert.equal(error, undefined, `${workflowId}: ${error?.message}`);
      replayed.push(workflowId);
    }
    assert.deepEqual(replayed, names);
    const workflows = new Set(names.map((name) => name.split('/')[0]));
    for (const workflow of [
      'processInbound',
      'runBatch',
      'importRecords',
      'deleteRecordSet',
      'purgeBatch',
      'expireSearchFiles',
      'fulfillOrder',
      'returnOrder',
      'refundOrder',
      'recoverMessages',
      'replayWebhooks',
      'tidyMessages',
      'resealWebhookSecrets',
      'tidyNotices',
      'erasePerson',
      'eraseTenant',
      'exportData',
      'deleteExport',
      'expireExports',
      'renderPreview',
      'optimiseDesign',
      'tidyDesigns',
    ])
      assert.ok(workflows.has(workflow), `there is a history of ${workflow}`);
  });

  it('would not be released with a step out of its order', async () => {
    const altered = fileURLToPath(new URL('./support/altered-workflows.ts', import.meta.url));
    const { code } = await bundleWorkflowCode({ workflowsPath: altered, logger });
    const name = 'runBatch/straight.json';
    await assert.rejects(
      Worker.runReplayHistory({ workflowBundle: { code } }, await historyOf(name), name),
      DeterminismViolationError,
    );
  });
});

async function* historiesOf(
  names: readonly string[],
): AsyncGenerator<{ workflowId: string; history: unknown }> {
  for (const name of names) yield { workflowId: name, history: await historyOf(name) };
}

async function historyOf(name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(historiesFolder, name), 'utf8'));
}
