import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { v7 as uuidv7 } from 'uuid';
import { createMetrics } from '../platform/metrics.ts';
import { keptLog } from '../test/support/log-lines.ts';
import { activityInterceptor } from './interceptor.ts';

describe('an attempt of an activity that fails', () => {
  const tenantId = uuidv7();
  const workflowExecution = { workflowId: 'batch:1', runId: uuidv7() };

  it('is logged with its tenant, its workflow and its attempt, and without what its input says', async () => {
    const { log, lines } = keptLog();
    const environment = new MockActivityEnvironment(
      { activityType: 'searchRange', attempt: 3, workflowExecution },
      { interceptors: [activityInterceptor(log, createMetrics('test'))] },
    );
    const attempt = environment.run(
      async (_input: { tenantId: string; email: string }) => {
        throw new TypeError('boom');
      },
      { tenantId, email: 'ada@example.com' },
    );
    await assert.rejects(attempt, (error) => {
      assert.ok(error instanceof ApplicationFailure);
      assert.equal(error.message, "TypeError; see the worker's log");
      return error.nonRetryable === false;
    });
    const [line] = lines;
    assert.equal(lines.length, 1);
    assert.equal(line?.['message'], 'activity attempt failed');
    assert.equal(line['tenant_id'], tenantId);
    assert.equal(line['workflow_id'], 'batch:1');
    assert.equal(line['run_id'], workflowExecution.runId);
    assert.equal(line['activity'], 'searchRange');
    assert.equal(line['attempt'], 3);
    assert.ok(!JSON.stringify(line).includes('ada@example.com'));
  });
});
