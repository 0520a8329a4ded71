import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { createMetrics } from '../../platform/metrics.ts';
import { testDataConverter } from '../../test/support/encryption.ts';
import { temporalClient, workerConnection } from '../../test/support/temporal.ts';
import { workflowBundle } from '../../workers/bundle.ts';
import { createWorkflowSinks } from '../../workers/workflow-sinks.ts';
import type { PreviewActivities, RenderPreviewInput } from './messages.ts';

describe('A step that works on images', () => {
  const input: RenderPreviewInput = { previewId: uuidv7(), tenantId: uuidv7(), run: 0 };

  /** Runs the workflow of a preview with activities that stand in for drawing. Gives its history. */
  const renderWith = async (activities: PreviewActivities) => {
    const client = await temporalClient();
    const taskQueue = `designs-${uuidv7()}`;
    const worker = await Worker.create({
      connection: await workerConnection(),
      namespace: client.options.namespace,
      taskQueue,
      dataConverter: testDataConverter,
      workflowBundle: await workflowBundle(),
      activities,
      sinks: createWorkflowSinks(createMetrics('test')),
    });
    return await worker.runUntil(async () => {
      const workflowId = `preview:${uuidv7()}`;
      await client.workflowService.startWorkflowExecution({
        namespace: client.options.namespace,
        workflowId,
        requestId: uuidv7(),
        workflowType: { name: 'renderPreview' },
        taskQueue: { name: taskQueue },
        input: { payloads: [defaultPayloadConverter.toPayload(input)] },
      });
      const handle = client.workflow.getHandle(workflowId);
      await handle.result();
      return await handle.fetchHistory();
    });
  };
  it('is tried again for a day, with gaps that grow', async () => {
    let attempts = 0;
    const { events } = await renderWith({
      drawPreview: async () => {
        attempts += 1;
        if (attempts < 3) throw ApplicationFailure.create({ type: 'internal' });
        return { pictures: 2 };
      },
      failPreview: () => assert.fail('It has not failed.'),
    });
    assert.equal(attempts, 3);
    const [drawing] = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
    assert.equal(Number(drawing?.scheduleToCloseTimeout?.seconds), 86_400);
    const { maximumAttempts, backoffCoefficient, maximumInterval } = drawing?.retryPolicy ?? {};
    assert.deepEqual([maximumAttempts, backoffCoefficient, Number(maximumInterval?.seconds)], [0, 2, 600]);
  });

  it('fails at once of what the picture is to blame for', async () => {
    const told: unknown[] = [];
    await renderWith({
      drawPreview: () => Promise.reject(ApplicationFailure.nonRetryable('', 'images.undrawable')),
      failPreview: async (failed) => void told.push(failed),
    });
    assert.deepEqual(told, [{ ...input, code: 'images.undrawable' }]);
  });
});
