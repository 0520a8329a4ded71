import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { orderOf } from '../support/orders-system.ts';
import { fromShopify, orderWith } from '../support/senders.ts';
import { thorough } from './seed.ts';
import { openShop, shopOf } from './shop-order-process.ts';
import { price, type Stage } from './stage.ts';

interface Lane {
  /** Sends the next request of this lane. */
  send(number: number): Promise<void>;
}

/** So many processes of the traffic may be open at once: what waits is to be a fault's doing, not that of a slow machine. */
const mostOpen = 3;

/** Milliseconds between two requests of a lane: a person's pace, as the system is to be busy with its processes. */
const pace = thorough ? 100 : 500;

/** Requests that come in while a fault lasts, one after the other on each of a few lanes, and what came of them. */
export class Traffic {
  readonly #stage: Stage;
  readonly #stop = new AbortController();
  /** Names of record sets that were asked for, and of those whose making was acknowledged. */
  readonly #wanted = new Set<string>();
  readonly #made = new Map<string, string>();
  /** Searches that were answered, with what they must cost. */
  readonly #searches = new Map<string, bigint>();
  /** What stands on the line of each order that was acknowledged, with its ID. */
  readonly #orders = new Map<string, string>();
  /** Orders of the shop whose webhooks were taken. */
  readonly #told = new Set<string>();
  #shop: ReturnType<typeof openShop> | undefined;
  readonly #running: Promise<unknown>;

  constructor(stage: Stage) {
    this.#stage = stage;
    const makeSet: Lane = { send: (number) => this.#makeSet(number) };
    const search: Lane = { send: (number) => this.#search(number) };
    const order: Lane = { send: (number) => this.#placeOrder(number) };
    const webhook: Lane = { send: (number) => this.#tellOfOrder(number) };
    const lanes = [makeSet, makeSet, search, order, webhook];
    this.#running = Promise.all(lanes.map((lane, at) => this.#drive(lane, at)));
  }

  /** Sends nothing more. What has not been answered by now stays unanswered. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Every acknowledged request has taken effect once, and no other more than once. */
  async check(): Promise<{ acknowledged: number }> {
    const { database, tenantId } = this.#stage;
    const sets = await database.read('search', ({ sql }) =>
      sql<{ id: string; name: string }>(
        `select id, name from search.record_sets where tenant_id = $1 and name like 'Traffic %'`,
        [tenantId],
      ),
    );
    const byName = new Map(sets.map(({ id, name }) => [name, id]));
    assert.equal(byName.size, sets.length, 'a record set was made twice');
    for (const [name, id] of this.#made) assert.equal(byName.get(name), id, `${name} was acknowledged`);
    for (const { name } of sets) assert.ok(this.#wanted.has(name), `${name} was never asked for`);

    const paid = await database.read('search', ({ sql }) =>
      sql<{ id: string; logged: number; charges: number; amount: string }>(
        `select wanted.id, (select count(*)::int from search.searches s
            where s.id = wanted.id and s.status in ('found', 'not_found')) as logged,
           count(c.effect_key)::int as charges, coalesce(sum(c.amount_micros), 0)::text as amount
         from unnest($2::uuid[]) as wanted (id)
           left join search.charges c on c.tenant_id = $1 and c.effect_key like 'search:' || wanted.id || ':%'
         group by wanted.id`,
        [tenantId, [...this.#searches.keys()]],
      ),
    );
    assert.equal(paid.length, this.#searches.size, 'two searches have one id');
    for (const { id, ...books } of paid) {
      const owed = { logged: 1, charges: 1, amount: String(this.#searches.get(id)) };
      assert.deepEqual(books, owed, `the search ${id} was answered`);
    }
    await this.#checkOrders();
    await this.#checkWebhooks();
    const all = [this.#made, this.#searches, this.#orders, this.#told];
    return { acknowledged: all.reduce((sum, { size }) => sum + size, 0) };
  }

  /** Each order has failed by its card, which was asked for money under one key. */
  async #checkOrders(): Promise<void> {
    const { database, tenantId, outside } = this.#stage;
    const orders = await database.read('orders', ({ sql }) =>
      sql<{ id: string; title: string; status: string; told: number }>(
        `select o.id, l.title, o.status,
           (select count(*)::int from orders.outbox e
            where e.subject = 'order:' || o.id and e.type = 'order.failed') as told
         from orders.orders o join orders.order_lines l on l.order_id = o.id
         where o.tenant_id = $1 and o.source = 'api'`,
        [tenantId],
      ),
    );
    const byTitle = new Map(orders.map(({ id, title }) => [title, id]));
    assert.equal(byTitle.size, orders.length, 'an order was placed twice');
    for (const [title, id] of this.#orders) assert.equal(byTitle.get(title), id, `${title} was acknowledged`);
    for (const { id, title, ...standing } of orders) {
      assert.deepEqual(standing, { status: 'failed', told: 1 }, title);
      const asked = outside.stripe.calls.filter(
        ({ method, path, body }) => method === 'POST' && path === '/v1/payment_intents' && body.includes(id),
      );
      assert.equal(new Set(asked.map(({ key }) => key)).size, 1, `${title} was to be paid`);
    }
  }

  /** Each webhook that was taken has had one effect: an order, with its process. */
  async #checkWebhooks(): Promise<void> {
    const { database, tenantId } = this.#stage;
    const events = await database.read('webhooks', ({ sql }) =>
      sql<{ id: string; state: string; effects: number }>(
        `select event_id as id, state, jsonb_array_length(effects) as effects
         from webhooks.inbound_events where tenant_id = $1`,
        [tenantId],
      ),
    );
    const orders = await database.read('orders', ({ sql }) =>
      sql<{ id: string; status: string }>(
        `select external_id as id, status from orders.orders where tenant_id = $1 and source = 'shopify'`,
        [tenantId],
      ),
    );
    for (const id of this.#told)
      assert.ok(
        events.some((one) => one.id === id),
        `${id} was taken, and is gone`,
      );
    for (const { id, ...standing } of events) {
      assert.deepEqual(standing, { state: 'processed', effects: 1 }, `the webhook of ${id}`);
      const made = orders.filter((one) => one.id === id).map(({ status }) => status);
      assert.deepEqual(made, ['cancelled'], `orders of the webhook of ${id}`);
    }
    assert.equal(orders.length, events.length, 'there are orders of which no shop has told');
  }

  async #drive(lane: Lane, at: number): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (let number = at; !signal.aborted; number += 10) {
        await lane.send(number);
        await pause(pace, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #makeSet(number: number): Promise<void> {
    const name = `Traffic ${number}`;
    this.#wanted.add(name);
    const { signal } = this.#stop;
    const answer = await this.#stage.caller.command('/v1/record-sets', () => ({ name }), { signal });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    this.#made.set(name, answer.body.id);
  }

  async #search(number: number): Promise<void> {
    const phone = `+1415${5_590_000 + number}`;
    const { signal } = this.#stop;
    const answer = await this.#stage.caller.command('/v1/search/phone', () => ({ phone }), { signal });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const { search_id: id, status } = answer.body;
    this.#searches.set(id, status === 'found' ? price.perCall + price.perHit : price.perCall);
  }

  /** One whose card is declined: it comes to an end by itself. */
  async #placeOrder(number: number): Promise<void> {
    await this.#untilRoom('orders', `source = 'api' and finished_at is null`);
    const title = `Traffic ${number}`;
    const order = orderOf({
      lines: [{ sku: 'TRAFFIC', title, quantity: 1, unit_price: '1000' }],
      payment: { mode: 'processor', method: 'pm_card_chargeDeclinedInsufficientFunds' },
    });
    const { signal } = this.#stop;
    const answer = await this.#stage.caller.command('/v1/orders', () => order, { signal });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    this.#orders.set(title, answer.body.id);
  }

  /** Of one that the shop has cancelled, so that it ends by itself too. Its sender comes again until it is taken. */
  async #tellOfOrder(number: number): Promise<void> {
    const { caller } = this.#stage;
    const { signal } = this.#stop;
    this.#shop ??= openShop(this.#stage);
    const { secret } = await this.#shop;
    await this.#untilRoom('orders', `source = 'shopify' and finished_at is null`);
    await this.#untilRoom('webhooks', `state = 'received'`);
    const id = String(910_000_000_000_000_001n + BigInt(number));
    const names = { webhookId: `webhook ${number}`, eventId: id };
    const webhook = fromShopify(orderWith(id, '2026-11-28T10:00:00Z'), {
      shop: shopOf(this.#stage),
      secret,
      ...names,
    });
    const answer = await caller.deliver('/webhooks/shopify/orders', webhook, signal);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    this.#told.add(id);
  }

  /** Waits until few enough processes are open. */
  async #untilRoom(domain: 'orders' | 'webhooks', open: string): Promise<void> {
    const { database, tenantId } = this.#stage;
    const table = domain === 'orders' ? 'orders.orders' : 'webhooks.inbound_events';
    const { signal } = this.#stop;
    for (let busy = mostOpen; busy >= mostOpen; signal.throwIfAborted()) {
      try {
        const rows = await database.read(domain, ({ sql }) =>
          sql(`select 1 from ${table} where tenant_id = $1 and ${open} limit ${mostOpen}`, [tenantId]),
        );
        busy = rows.length;
      } catch {
        // The database is away, which may be the fault: then nobody knows.
        busy = mostOpen;
      }
      if (busy >= mostOpen) await pause(100, undefined, { signal });
    }
  }
}
