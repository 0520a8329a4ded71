import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { parseKeyRing } from '../platform/crypto/secret-box.ts';
import { dataConverterOf } from '../temporal.config.ts';
import { temporalClient } from '../test/support/temporal.ts';
import { until } from '../test/support/until.ts';
import { reconcileSchedules, type CronWork } from './schedules.ts';

describe('the schedules', () => {
  let client: Client;
  before(async () => {
    client = await temporalClient();
  });

  const run = randomUUID();
  const work = (name: string, cron = '0 3 * * *'): CronWork => ({
    name: `${name}-${run}`,
    domain: 'audit',
    cron,
    jitter: '1 minutes',
    workflowType: 'cleanDomain',
    args: ['audit'],
    summary: 'A test',
  });
  const idOf = (name: string) => `cron:${name}-${run}`;
  /** Lists come from the visibility store, which follows a moment later. */
  const listed = async () => {
    const ids: string[] = [];
    for await (const { scheduleId } of client.schedule.list())
      if (scheduleId.endsWith(run)) ids.push(scheduleId);
    return ids.sort();
  };
  const listsExactly = (...names: string[]) =>
    until(async () => {
      assert.deepEqual(await listed(), names.map(idOf).sort());
      return true;
    });

  it('are made to match the list: made, changed, removed', async () => {
    await reconcileSchedules(client, [work('kept'), work('dropped')], ['audit']);
    await listsExactly('dropped', 'kept');
    await reconcileSchedules(client, [work('kept', '30 4 * * *')], ['audit']);
    await listsExactly('kept');
    const { spec } = await client.schedule.getHandle(idOf('kept')).describe();
    assert.equal(spec.calendars?.[0]?.hour[0]?.start, 4);
  });

  it('stay paused when an operator has paused them', async () => {
    await reconcileSchedules(client, [work('kept')], ['audit']);
    const handle = client.schedule.getHandle(idOf('kept'));
    await handle.pause('an operator looks into it');
    // A moment later on the production server.
    await until(async () => (await handle.describe()).state.paused);
    await reconcileSchedules(client, [work('kept', '0 5 * * *')], ['audit']);
    assert.equal((await handle.describe()).state.paused, true);
  });

  it('of other domains are left alone', async () => {
    await reconcileSchedules(client, [], ['search']);
    await listsExactly('kept');
  });

  it('may be reconciled by several workers at once', async () => {
    await Promise.all(
      [1, 2, 3].map(() => reconcileSchedules(client, [work('kept'), work('raced')], ['audit'])),
    );
    await listsExactly('kept', 'raced');
  });

  it('are made anew, paused if they were, when the key that sealed them is gone', async () => {
    const lost = parseKeyRing(`lost:${Buffer.alloc(32, 3).toString('base64')}`);
    const { connection, options } = client;
    const former = new Client({
      connection,
      namespace: options.namespace,
      dataConverter: dataConverterOf(lost),
    });
    await reconcileSchedules(former, [work('sealed')], ['audit']);
    await former.schedule.getHandle(idOf('sealed')).pause('an operator looks into it');
    await reconcileSchedules(client, [work('sealed')], ['audit']);
    const { state, action } = await client.schedule.getHandle(idOf('sealed')).describe();
    assert.equal(state.paused, true);
    assert.deepEqual(action.args, ['audit']);
  });

  after(() => reconcileSchedules(client, [], ['audit']));
});
