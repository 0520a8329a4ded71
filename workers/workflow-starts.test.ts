import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { v7 as uuidv7 } from 'uuid';
import type { DomainEvent } from '../domain/events/event.ts';
import { WorkflowTenants } from '../platform/temporal/tenant-sealing.ts';
import { temporalClient } from '../test/support/temporal.ts';
import { tenantIdAttribute } from '../workflows/search-attributes.ts';
import type { WorkflowStarts } from '../workflows/start.ts';
import { TargetDown } from './outbox-consumer.ts';
import { createWorkflowStarter } from './workflow-starts.ts';

describe('the starter of workflows', () => {
  const tenantId = uuidv7();
  const starts: WorkflowStarts = {
    'search.performed': ({ subject, tenantId: tenant }) => ({
      workflowType: 'cleanDomain',
      workflowId: subject,
      taskQueue: 'nobody-listens',
      args: ['search'],
      summary: 'A test',
      searchAttributes: [{ key: tenantIdAttribute, value: tenant }],
    }),
  };
  const event = (subject: string): DomainEvent => ({
    id: uuidv7(),
    domain: 'search',
    type: 'search.performed',
    version: 1,
    tenantId,
    subject,
    occurredAt: new Date().toISOString(),
    data: {},
    actorId: null,
    traceId: null,
  });

  it('starts one workflow however often the event comes, even after it has closed', async () => {
    const client = await temporalClient();
    const starter = createWorkflowStarter(() => temporalClient(), starts, new WorkflowTenants());
    const one = event(`test:${uuidv7()}`);
    await Promise.all([starter.handle([one]), starter.handle([one]), starter.handle([one])]);
    const handle = client.workflow.getHandle(one.subject);
    const { runId } = await handle.describe();
    await handle.terminate('the test has seen it');
    await starter.handle([one]);
    assert.equal((await handle.describe()).runId, runId);
  });

  it('says that the target is down when Temporal cannot be reached', async () => {
    // As a worker's own connection, it tries nothing again by itself.
    const connection = Connection.lazy({ address: '127.0.0.1:1', interceptors: [] });
    const starter = createWorkflowStarter(
      async () => new Client({ connection }),
      starts,
      new WorkflowTenants(),
    );
    await assert.rejects(
      connection.withDeadline(Date.now() + 2_000, () => starter.handle([event('test:x')])),
      TargetDown,
    );
    await connection.close();
  });

  it('refuses an event that starts nothing', async () => {
    const starter = createWorkflowStarter(() => temporalClient(), {}, new WorkflowTenants());
    await assert.rejects(starter.handle([event('test:y')]), /No workflow is declared for search\.performed/);
  });
});
