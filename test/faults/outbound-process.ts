import assert from 'node:assert/strict';
import { orderOf } from '../support/orders-system.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import type { Stage } from './stage.ts';

const orders = 3;

interface Delivery {
  id: string;
  type: string;
  subject: string;
  state: string;
  attempts: number;
}

/** What has become of the messages about the orders that were made for it. */
async function deliveriesTo({ database }: Stage, address: string): Promise<Delivery[]> {
  return await database.read('webhooks', ({ sql }) =>
    sql<Delivery>(
      `select m.id, m.type, m.subject, d.state, d.attempts
       from webhooks.deliveries d join webhooks.messages m on m.id = d.message_id
       where d.endpoint_id = $1 and m.subject = any($2) order by m.type, m.id`,
      [endpointOf(address), subjectsOf(address)],
    ),
  );
}

const endpointOf = (address: string): string => address.split('#')[0]?.split('/').at(-1) ?? '';
const subjectsOf = (address: string): string[] =>
  (address.split('#')[1] ?? '').split(',').map((id) => `order:${id}`);

/** Where the receiver of an organisation gets its messages. */
const pathOf = ({ tenantId }: Stage): string => `/messages/${tenantId}`;

/**
 * Webhooks on their way out: orders are placed and cancelled, and an endpoint gets every message under one name, and no
 * more often than what was lost by a death explains.
 */
export const outboundProcess: ProcessUnderTest = {
  name: 'webhooks that go out',
  domains: ['orders', 'webhooks'],
  underFaults: true,
  slow: 'what a sender that has died had in hand is another’s after half a minute',
  submit: async (stage) => {
    const { caller, webhooks } = stage;
    const endpoint = {
      url: `http://${webhooks.address}${pathOf(stage)}`,
      event_types: ['order.created', 'order.cancelled'],
    };
    const made = await caller.command('/v1/webhook-endpoints', () => endpoint);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const ids: string[] = [];
    for (let number = 0; number < orders; number += 1) {
      const order = orderOf({ payment: { mode: 'external' }, fulfillment: 'manual' });
      const { body } = await caller.command('/v1/orders', () => order);
      await caller.command(`/v1/orders/${body.id}/cancel`);
      ids.push(body.id);
    }
    return `/v1/webhook-endpoints/${made.body.id}#${ids.join(',')}`;
  },
  hasEnded: async (stage, address) => {
    const deliveries = await deliveriesTo(stage, address);
    return deliveries.length === 2 * orders && deliveries.every(({ state }) => state === 'delivered');
  },
  outcome: async (stage, address) => {
    const { webhooks, crashes } = stage;
    const deliveries = await deliveriesTo(stage, address);
    const received = webhooks.at(pathOf(stage));
    for (const { id, type, attempts } of deliveries) {
      const same = received.filter(({ headers }) => headers['webhook-id'] === `msg_${id}`);
      assert.equal(new Set(same.map(({ body }) => body)).size, 1, `${type} was told in several ways`);
      if (crashes === null) continue;
      const most = 1 + crashes;
      assert.ok(same.length <= most, `${type} came ${same.length} times`);
      assert.ok(attempts <= most, `${type} was tried ${attempts} times`);
    }
    return {
      result: deliveries.map(({ type, state }) => [type, state]),
      told: null,
      outside: deliveries.map(({ id, type }) => [
        type,
        received.some(({ headers }) => headers['webhook-id'] === `msg_${id}`),
      ]),
    };
  },
};
