import assert from 'node:assert/strict';
import { batchWorkflowId } from '../../workflows/search/messages.ts';
import { phonesCsv } from '../support/batches.ts';
import { keepHistory } from '../support/histories.ts';
import { onlyProviders } from '../support/providers.ts';
import { vendorConfig } from '../support/search.ts';
import {
  formOf,
  startSearchSystem,
  untilStateAt,
  type ApiClient,
  type SearchSystem,
  type Tenant,
} from '../support/search-system.ts';
import { temporalClient } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startVendor, type Vendor, type VendorRequest } from '../support/vendor.ts';

const someone = { body: { people: [{ name: 'Ada', score: 0.9 }], final: true } };
const perCall = 10_000n;

/** The last digit of the number that a vendor was asked about. */
function lastDigit({ url }: VendorRequest): number {
  return Number(new URL(url, 'http://vendor').searchParams.get('phone')?.at(-1));
}

describe('A batch whose provider cannot be asked for now', function () {
  this.timeout(180_000);
  let system: SearchSystem;
  let known: Vendor;
  let vendor: Vendor;
  let tenant: Tenant;
  let member: ApiClient;
  before(async () => {
    // Knows everybody whose number ends with 0, and is paid for each look.
    known = await startVendor((request) => (lastDigit(request) === 0 ? someone : { status: 404 }));
    vendor = await startVendor();
    system = await startSearchSystem({ env: { OUTBOUND_ALLOW_PRIVATE: `${known.host},${vendor.host}` } });
  });
  beforeEach(async () => {
    tenant = await system.api.tenant();
    member = system.api.client.as(tenant.member);
    for (const { requests } of [known, vendor]) requests.length = 0;
  });
  after(async () => {
    await system?.close();
    await Promise.all([known?.close(), vendor?.close()]);
  });

  const providers = async ({
    cooldownMs = 1_000,
    concurrency = null,
  }: { cooldownMs?: number; concurrency?: number | null } = {}) => {
    const paid = { price: { perCall, perHit: 0n } };
    await onlyProviders(system.api.services.database, tenant.id, [
      { name: 'known', config: vendorConfig(known), ...paid },
      {
        name: 'vendor',
        config: vendorConfig(vendor),
        ...paid,
        limits: { ratePerSecond: null, burst: 1, concurrency, budgetDay: null, budgetMonth: null },
        breaker: { failures: 3, cooldownMs },
      },
    ]);
  };
  const submit = async (rows: number, fields: Record<string, string> = {}): Promise<string> => {
    const form = formOf(phonesCsv(rows), 'p.csv', { kind: 'phone', ...fields });
    const made = await member.post('/v1/batches', form);
    assert.equal(made.status, 202, JSON.stringify(made.body));
    return made.body.id;
  };
  const untilWaiting = async (id: string, found: number) =>
    await until(async () => {
      const { body } = await member.get(`/v1/batches/${id}`);
      return body.progress.waiting && body.progress.found === found ? body : null;
    }, 120_000);
  /**
   * The vendor answers again, and the batch hears of it by its owner's changing something. A call that was under way may bring
   * its pause only afterwards, so that is done until the batch waits no more.
   */
  const recover = async (id: string) => {
    vendor.reply = () => someone;
    for (let tries = 1, waits = true; waits; tries += 1) {
      assert.ok(tries <= 20, 'the batch still waits');
      await system.api.services.database.read('search', ({ sql }) =>
        sql(
          `update search.provider_meters set paused_until = null
           where provider_id in (select id from search.providers where tenant_id = $1)`,
          [tenant.id],
        ),
      );
      await member.patch(`/v1/batches/${id}`, { priority: 1 + (tries % 5) });
      waits = await until(async () => {
        const { body } = await member.get(`/v1/batches/${id}`);
        return body.progress.waiting === null;
      }, 3_000).then(
        () => false,
        () => true,
      );
    }
  };
  const billed = async (): Promise<bigint> => {
    const [bill] = await system.api.services.database.read('search', ({ sql }) =>
      sql<{ amount: string }>(
        'select coalesce(sum(amount_micros), 0)::text as amount from search.charges where tenant_id = $1',
        [tenant.id],
      ),
    );
    return BigInt(bill?.amount ?? 0);
  };

  it('waits while the circuit is open, and goes on where it was; only the calls that failed fail their rows', async () => {
    await providers({ concurrency: 1 });
    let failures = 0;
    vendor.reply = () => {
      if (failures >= 4) return someone;
      failures += 1;
      return { status: 500 };
    };
    const id = await submit(60);
    const waiting = await untilWaiting(id, 6);
    assert.equal(waiting.state, 'searching');
    assert.equal(waiting.progress.waiting.reason, 'vendor: its circuit is open after failures');
    const over = await untilStateAt(member, `/v1/batches/${id}`, ['completed', 'failed']);
    assert.deepEqual(
      [over.progress.found, over.progress.failed, over.progress.waiting],
      [56, 4, null],
      JSON.stringify(over.progress),
    );
    assert.equal(known.requests.length, 60, 'nobody was asked twice for the same row');
    assert.equal(vendor.requests.length, 54);
    // Each row's look at `known`, and each answer of `vendor`: an error costs nothing.
    assert.equal(over.cost.amount, '1.10');
    assert.equal(await billed(), 110n * perCall);
    await keepHistory(
      await temporalClient(),
      system.api.services.database,
      batchWorkflowId(id, 0),
      'runBatch/waited-at-hand',
    );
  });

  it('waits as long as a vendor asks, hears its owner meanwhile, and keeps nobody waiting whom another knows', async () => {
    await providers();
    vendor.reply = () => ({ status: 429, headers: { 'retry-after': '600' } });
    const submitted = Date.now();
    const id = await submit(520);
    const { progress } = await untilWaiting(id, 52);
    assert.equal(progress.waiting.reason, 'vendor: the provider asked for a pause');
    assert.ok(Date.parse(progress.waiting.until) > submitted + 590_000, `it waits ${progress.waiting.until}`);
    const handle = (await temporalClient()).workflow.getHandle(batchWorkflowId(id, 0));
    await until(async () => {
      const { raw } = await handle.describe();
      return (raw.pendingActivities ?? []).length === 0;
    });
    // The vendor has changed its mind, and so has the owner: both are taken up at once.
    await recover(id);
    const over = await untilStateAt(member, `/v1/batches/${id}`, ['completed', 'failed']);
    assert.deepEqual([over.progress.found, over.progress.failed], [520, 0]);
    assert.equal(over.cost.amount, '9.88');
    assert.equal(await billed(), 988n * perCall);
  });

  it('is paid for what was asked also when it is cancelled, and never beyond its budget', async () => {
    await providers();
    vendor.reply = () => ({ status: 429, headers: { 'retry-after': '600' } });
    const id = await submit(100, { budget: '1.50' });
    await untilWaiting(id, 10);
    // Those behind the last one that `known` has may be in a step of their own.
    await until(async () => (await member.get(`/v1/batches/${id}`)).body.cost.amount === '1.00');
    assert.equal((await member.post(`/v1/batches/${id}/cancel`)).status, 200);
    const over = await untilStateAt(member, `/v1/batches/${id}`, ['cancelled']);
    assert.deepEqual([over.progress.found, over.progress.skipped], [10, 90]);
    assert.equal(over.cost.amount, '1.00');
    const { body } = await member.get(`/v1/batches/${id}/rows`, { query: { status: 'skipped', limit: 1 } });
    assert.equal(body.items[0].cost, '0.01');
    assert.equal(await billed(), 100n * perCall);
  });

  it('spends the money that its waiting rows have cost only once', async () => {
    await providers();
    vendor.reply = () => ({ status: 429, headers: { 'retry-after': '600' } });
    const id = await submit(100, { budget: '1.50' });
    await untilWaiting(id, 10);
    await recover(id);
    const over = await untilStateAt(member, `/v1/batches/${id}`, ['completed', 'failed']);
    const { found, failed, skipped } = over.progress;
    // 1.00 for `known`, and what is left is enough for 50 calls of `vendor`.
    assert.deepEqual([found, failed, skipped], [60, 0, 40]);
    assert.equal(over.cost.amount, '1.50');
    assert.equal(await billed(), 150n * perCall);
  });

  it('keeps no worker’s slots from another tenant, however many of its chunks wait for their turn', async () => {
    await onlyProviders(system.api.services.database, tenant.id, [
      {
        name: 'vendor',
        config: vendorConfig(vendor),
        limits: { ratePerSecond: 0.5, burst: 1, concurrency: null, budgetDay: null, budgetMonth: null },
      },
    ]);
    vendor.reply = () => someone;
    const large = await submit(4_000, { concurrency: '16' });
    await until(() => vendor.requests.length > 0);
    const other = await system.api.tenant();
    const small = system.api.client.as(other.member);
    const made = await small.post('/v1/batches', formOf(phonesCsv(10), 's.csv', { kind: 'phone' }));
    await untilStateAt(small, `/v1/batches/${made.body.id}`, ['completed'], 120_000);
    const { body } = await member.get(`/v1/batches/${large}`);
    assert.ok(body.progress.pending > 3_000, 'the large one is still at it');
    assert.equal((await member.post(`/v1/batches/${large}/cancel`)).status, 200);
    await untilStateAt(member, `/v1/batches/${large}`, ['cancelled']);
  });

  it('has its rows failed after a quarter of an hour without an answer', async () => {
    await providers({ cooldownMs: 600_000, concurrency: 1 });
    vendor.reply = () => ({ status: 500 });
    const id = await submit(40);
    await untilWaiting(id, 4);
    await system.api.services.database.read('search', ({ sql }) =>
      sql(
        `update search.batches
         set waiting = jsonb_set(waiting, '{since}', to_jsonb($2::text)) where id = $1`,
        [id, new Date(Date.now() - 15 * 60_000).toISOString()],
      ),
    );
    assert.equal((await member.patch(`/v1/batches/${id}`, { name: 'hurry' })).status, 200);
    const over = await untilStateAt(member, `/v1/batches/${id}`, ['completed', 'failed']);
    assert.deepEqual([over.progress.found, over.progress.failed], [4, 36]);
    const { body } = await member.get(`/v1/batches/${id}/rows`, { query: { status: 'failed', limit: 1 } });
    assert.equal(body.items[0].code, 'search.providers_unavailable');
    assert.equal(vendor.requests.length, 3);
  });
});
