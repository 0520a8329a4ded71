import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { withBareKoa } from '../stage/bare-koa.ts';
import { saturate, takeTurns, type Call } from '../stage/load.ts';
import { figuresOf } from './commands.ts';
import { figure, type Part } from './part.ts';

const shop = 'bench.myshopify.com';
const secret = 'the-secret-of-the-bench';

/** How fast webhooks are taken in: verified, logged, told apart and put into the outbox. */
export const inboundWebhooks: Part = {
  name: 'inbound-webhooks',
  about: 'POST /webhooks/shopify/orders against bare Koa that verifies an HMAC and INSERTs',
  async run(stage, { full }) {
    const tenant = await stage.tenant();
    const made = await fetch(`${tenant.api.url}/v1/webhook-sources`, {
      method: 'POST',
      headers: { ...tenant.api.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'shopify', name: 'bench', shop_domain: shop, secret }),
    });
    if (made.status !== 201) throw new Error(`The source was not made: ${await made.text()}`);
    const order = readFileSync(
      new URL('../../data/webhooks/orders__create.bigint.json', import.meta.url),
      'utf8',
    );
    const signature = createHmac('sha256', secret).update(order).digest('base64');
    const started = Date.now();
    const to =
      (url: string) =>
      (place: number): Call => ({
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/json',
          'x-shopify-hmac-sha256': signature,
          'x-shopify-shop-domain': shop,
          'x-shopify-topic': 'orders/create',
          'x-shopify-webhook-id': `${started}-${place}`,
          'x-shopify-event-id': `${started}-${place}`,
        },
        body: order,
      });
    const seconds = full ? 10 : 4;
    // What is taken in is not processed meanwhile: the route is measured, not the workers.
    await stage.workers.stop();
    const { ours, theirs } = await withBareKoa(stage, async (url) => {
      const call = to(`${tenant.api.url}/webhooks/shopify/orders`);
      const insert = to(`${url}/webhooks`);
      await saturate(call, { connections: 16, seconds: 2 });
      await saturate(insert, { connections: 16, seconds: 1 });
      let turn = 0;
      // Each turn sends deliveries of its own: a known one would cost less.
      const fresh = (of: (place: number) => Call) => {
        turn += 1;
        const from = turn * 10_000_000;
        return (place: number) => of(from + place);
      };
      return await takeTurns(
        2,
        () => saturate(fresh(call), { connections: 16, seconds }),
        () => saturate(fresh(insert), { connections: 16, seconds }),
      );
    });
    // Nothing of it is processed while something else is measured.
    await stage.forgetDeliveries();
    const { id } = (await made.json()) as { id: string };
    await fetch(`${tenant.api.url}/v1/webhook-sources/${id}`, {
      method: 'DELETE',
      headers: tenant.api.headers,
    });
    await stage.restartWorkers();
    return [
      {
        what: 'webhook taken in (POST /webhooks/shopify/orders, 15 kB)',
        against: 'bare Koa that verifies an HMAC and INSERTs',
        target: '≥ 0.5 ×',
        measured: `${figure(ours.perSecond / theirs.perSecond)} ×`,
        met: ours.perSecond >= theirs.perSecond / 2 && ours.errors === 0,
        figures: { ...figuresOf('Perdure', ours), ...figuresOf('bare Koa', theirs) },
      },
    ];
  },
};
