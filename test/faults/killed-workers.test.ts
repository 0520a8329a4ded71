import assert from 'node:assert/strict';
import { formatDecimal } from '../../domain/search/micros.ts';
import { phonesCsv } from '../support/batches.ts';
import { onlyProvider } from '../support/providers.ts';
import { vendorConfig } from '../support/search.ts';
import {
  formOf,
  startSearchSystem,
  untilStateAt,
  type SearchSystem,
  type Tenant,
} from '../support/search-system.ts';
import { until } from '../support/until.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';

const rows = 3_337;
const perCall = 10_000n;
const perHit = 5_000n;

/** The vendor knows every third number. */
function knows(url: string): boolean {
  const number = /phone=%2B1415(\d+)/.exec(url)?.[1] ?? '';
  return Number(number) % 3 === 0;
}

describe('Workers killed in the middle', function () {
  this.timeout(180_000);
  let system: SearchSystem;
  let vendor: Vendor;
  let tenant: Tenant;
  before(async () => {
    vendor = await startVendor(({ url }) =>
      knows(url)
        ? { body: { people: [{ name: 'Ada Lovelace', score: 0.9 }], final: true } }
        : { status: 404 },
    );
    system = await startSearchSystem({
      withoutWorkers: true,
      env: { OUTBOUND_ALLOW_PRIVATE: vendor.host },
    });
    tenant = await system.api.tenant();
    await onlyProvider(system.api.services.database, tenant.id, {
      name: 'vendor',
      config: vendorConfig(vendor),
      price: { perCall, perHit },
    });
  });
  after(async () => {
    await system.close();
    await vendor.close();
  });

  it('change nothing in the results of a batch, its counts and its bill', async () => {
    const member = system.api.client.as(tenant.member);
    const made = await member.post('/v1/batches', formOf(phonesCsv(rows), 'killed.csv', { kind: 'phone' }));
    assert.equal(made.status, 202, JSON.stringify(made.body));
    const address = `/v1/batches/${made.body.id}`;
    const done = async (): Promise<number> => {
      const { progress } = (await member.get(address)).body;
      return progress.rows === null ? 0 : progress.ingested === 0 ? 0 : progress.rows - progress.pending;
    };
    for (const share of [0.1, 0.4, 0.7]) {
      const worker = await system.startWorkerProcess();
      await until(async () => (await done()) > rows * share, 60_000);
      worker.kill();
      await worker.exited;
    }
    await system.startWorkerProcess();
    const batch = await untilStateAt(member, address, ['completed', 'failed'], 120_000);
    assert.equal(batch.state, 'completed', JSON.stringify(batch.problem));

    const lines = ((await member.get(batch.results.ndjson)).body as string).trim().split('\n');
    const results = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      results.map(({ row }) => row),
      Array.from({ length: rows }, (_, index) => index + 1),
    );
    for (const { input, result } of results) {
      const known = Number(input.phone.slice('+1415'.length)) % 3 === 0;
      assert.equal(result.status, known ? 'found' : 'not_found', input.phone);
    }
    const found = results.filter(({ result }) => result.status === 'found').length;
    assert.deepEqual(
      [batch.progress.found, batch.progress.not_found, batch.progress.failed, batch.progress.skipped],
      [found, rows - found, 0, 0],
    );
    const { database } = system.api.services;
    const [bill] = await database.read('search', ({ sql }) =>
      sql<{ charges: number; keys: number; amount: string; open: number; logged: number }>(
        `select count(*)::int as charges, count(distinct effect_key)::int as keys, sum(amount_micros)::text as amount,
           count(*) filter (where state = 'reserved')::int as open,
           (select count(*)::int from search.searches where tenant_id = $1) as logged
         from search.charges where tenant_id = $1`,
        [tenant.id],
      ),
    );
    const owed = perCall * BigInt(rows) + perHit * BigInt(found);
    assert.deepEqual(bill, { charges: rows, keys: rows, amount: String(owed), open: 0, logged: rows });
    assert.equal(batch.cost.amount, formatDecimal(owed));
  });

  it('never make a batch cost more than its budget', async () => {
    const frugal = await system.api.tenant();
    const { database } = system.api.services;
    await onlyProvider(database, frugal.id, {
      name: 'vendor',
      config: vendorConfig(vendor),
      price: { perCall, perHit },
    });
    const member = system.api.client.as(frugal.member);
    const form = formOf(phonesCsv(2_000), 'frugal.csv', { kind: 'phone', budget: '10.00', concurrency: '8' });
    const made = await member.post('/v1/batches', form);
    assert.equal(made.status, 202, JSON.stringify(made.body));
    const address = `/v1/batches/${made.body.id}`;
    for (const least of [1, 3, 5]) {
      const worker = await system.startWorkerProcess();
      await until(async () => Number((await member.get(address)).body.cost.amount) >= least, 60_000);
      worker.kill();
      await worker.exited;
    }
    await system.startWorkerProcess();
    const batch = await untilStateAt(member, address, ['completed', 'failed'], 120_000);
    const [bill] = await database.read('search', ({ sql }) =>
      sql<{ amount: string }>(
        'select sum(amount_micros)::text as amount from search.charges where tenant_id = $1',
        [frugal.id],
      ),
    );
    const { found, not_found, failed, skipped } = batch.progress;
    assert.equal(found + not_found + failed + skipped, 2_000);
    assert.ok(skipped > 0);
    assert.ok(BigInt(bill?.amount ?? 0) <= 10_000_000n, `${bill?.amount} micros were billed`);
    assert.equal(batch.cost.amount, formatDecimal(BigInt(bill?.amount ?? 0)));
  });

  it('lose and repeat nobody in an import', async () => {
    const member = system.api.client.as(tenant.member);
    const { body: set } = await member.post('/v1/record-sets', { name: 'Killed' });
    const people = Array.from(
      { length: 20_000 },
      (_, i) => `p${i},Name${i},Surname${i % 977},19${(i % 90) + 10}-01-02`,
    );
    const csv = `id,first name,last name,born\n${people.join('\n')}\n`;
    const made = await member.post(
      `/v1/record-sets/${set.id}/imports`,
      formOf(csv, 'people.csv', { mode: 'replace' }),
    );
    assert.equal(made.status, 202, JSON.stringify(made.body));
    const address = made.headers.get('location') ?? '';
    for (const share of [0.1, 0.5]) {
      const worker = await system.startWorkerProcess();
      await until(
        async () => (await member.get(address)).body.progress.imported > people.length * share,
        60_000,
      );
      worker.kill();
      await worker.exited;
    }
    await system.startWorkerProcess();
    const done = await untilStateAt(member, address, ['completed', 'failed'], 120_000);
    assert.equal(done.state, 'completed', JSON.stringify(done.problem));
    assert.deepEqual([done.progress.imported, done.progress.rejected], [people.length, 0]);
    assert.equal((await member.get(`/v1/record-sets/${set.id}`)).body.people, people.length);
    const { database } = system.api.services;
    const [stored] = await database.read('search', ({ sql }) =>
      sql(
        `select count(*)::int as people, count(distinct external_id)::int as ids from search.persons where tenant_id = $1`,
        [tenant.id],
      ),
    );
    assert.deepEqual(stored, { people: people.length, ids: people.length });
  });
});
