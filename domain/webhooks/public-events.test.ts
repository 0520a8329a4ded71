import assert from 'node:assert/strict';
import { z } from 'zod';
import type { DomainEvent } from '../events/event.ts';
import { publicData, versionFor, type PublicEvent } from '../events/public-event.ts';
import { consumersOf } from '../events/subscriptions.ts';
import { eventFilterForm, hears } from './event-filter.ts';
import { bodyOf, messageOf, publicEvents } from './public-events.ts';

const event = (type: string, data: Record<string, unknown>): DomainEvent => ({
  id: '01989b2e-0000-7000-8000-000000000009',
  domain: 'search',
  type,
  version: 1,
  tenantId: '01989b2e-0000-7000-8000-000000000008',
  subject: 'batch:01989b2e-0000-7000-8000-000000000007',
  occurredAt: '2036-11-21T09:00:00.123456Z',
  data,
  actorId: null,
  traceId: null,
});

describe('public events', () => {
  it('have types of their own, shapes that their examples have, and become messages', () => {
    const types = publicEvents.map(({ type }) => type);
    assert.equal(new Set(types).size, types.length);
    for (const { type, from, summary, versions, operational } of publicEvents) {
      assert.match(type, eventFilterForm);
      assert.match(summary, /^[A-Z].*\.$/);
      assert.ok(consumersOf(from).includes('webhook-messages'), from);
      assert.equal(operational === true, /^(?:endpoint|message)\./.test(type), type);
      for (const { data, example } of versions) assert.deepEqual(data.parse(example), example, type);
      assert.ok(Buffer.byteLength(bodyOf(type, '2036-11-21T09:00:00Z', versions[0].example)) < 20_000);
    }
  });

  it('tell what their shape names, and nothing else of the event', () => {
    const told = messageOf(
      event('search.batch_failed', { run: 1, code: 'x.y', revision: 9, secret: 'sesame' }),
    );
    assert.deepEqual(JSON.parse(told?.bodies[1] ?? ''), {
      type: 'batch.failed',
      timestamp: '2036-11-21T09:00:00.123Z',
      data: { id: '01989b2e-0000-7000-8000-000000000007', run: 1, code: 'x.y' },
    });
    assert.equal(messageOf(event('search.performed', {})), null);
  });

  it('are told in the version that an endpoint was made for, or the newest before it', () => {
    const shape = (version: number) => ({
      version,
      data: z.object({ [`v${version}`]: z.int() }),
      example: {},
    });
    const changed: PublicEvent = { type: 'a.b', from: 'a.b', summary: '', versions: [shape(1), shape(3)] };
    assert.deepEqual(
      [1, 2, 3, 4].map((wanted) => versionFor(changed, wanted).version),
      [1, 1, 3, 3],
    );
    assert.deepEqual(publicData(shape(3), event('a.b', { v1: 1, v3: 3 })), { v3: 3 });
  });

  it('about failed messages about webhooks go to nobody, as they would for ever', () => {
    const exhausted = (type: string) =>
      messageOf(
        event('message.attempt_exhausted', {
          endpoint_id: 'e',
          message_id: 'm',
          message_type: type,
          attempts: 8,
          status: null,
          problem: 'timeout',
        }),
      );
    assert.ok(exhausted('batch.completed'));
    assert.equal(exhausted('batch.completed')?.about, 'e');
    assert.equal(exhausted('message.attempt_exhausted'), null);
    assert.equal(exhausted('endpoint.disabled'), null);
  });

  it('are heard by type, by area, or all', () => {
    const cases: [string[], string, boolean, boolean][] = [
      [['batch.completed'], 'batch.completed', false, true],
      [['batch.completed'], 'batch.completed_late', false, false],
      [['batch.*'], 'batch.completed', false, true],
      [['batch.*'], 'batches.completed', false, false],
      [['order.*'], 'order.line.shipped', false, true],
      [['*'], 'batch.completed', false, true],
      [['*'], 'endpoint.disabled', true, false],
      [['*', 'endpoint.*'], 'endpoint.disabled', true, true],
      [[], 'batch.completed', false, false],
    ];
    for (const [filters, type, operational, heard] of cases)
      assert.equal(hears(filters, type, operational), heard, `${filters.join()} ${type}`);
  });
});
