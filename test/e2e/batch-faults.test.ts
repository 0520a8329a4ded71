import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { phonesCsv } from '../support/batches.ts';
import { onlyProvider } from '../support/providers.ts';
import { vendorConfig } from '../support/search.ts';
import {
  formOf,
  startSearchSystem,
  untilStateAt,
  type ApiClient,
  type SearchSystem,
  type Tenant,
} from '../support/search-system.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';

const over = ['completed', 'failed', 'cancelled'];

describe('Batches of bad files, over budget, and with providers that fail', () => {
  let system: SearchSystem;
  let vendor: Vendor;
  let tenant: Tenant;
  let member: ApiClient;
  before(async () => {
    vendor = await startVendor();
    system = await startSearchSystem({ env: { OUTBOUND_ALLOW_PRIVATE: vendor.host } });
  });
  beforeEach(async () => {
    tenant = await system.api.tenant();
    member = system.api.client.as(tenant.member);
    vendor.requests.length = 0;
  });
  after(async () => {
    await system.close();
    await vendor.close();
  });

  const run = async (file: string | Uint8Array<ArrayBuffer>, fields: Record<string, string> = {}) => {
    const made = await member.post('/v1/batches', formOf(file, 'p.csv', { kind: 'phone', ...fields }));
    assert.equal(made.status, 202, JSON.stringify(made.body));
    return await untilStateAt(member, `/v1/batches/${made.body.id}`, over);
  };
  const paidVendor = (perCall: bigint, perHit = 0n) =>
    onlyProvider(system.api.services.database, tenant.id, {
      name: 'vendor',
      config: vendorConfig(vendor),
      price: { perCall, perHit },
    });

  it('fails whole when the file is cut off far behind its start', async () => {
    const whole = gzipSync(phonesCsv(20_000));
    const batch = await run(new Uint8Array(whole.subarray(0, whole.length - 100)));
    assert.equal(batch.state, 'failed');
    assert.equal(batch.problem.code, 'search.file_truncated');
    assert.equal(batch.progress.ingested, 0);
    assert.equal((await member.get(`/v1/batches/${batch.id}/results.csv`)).status, 409);
  });

  it('fails whole on a file that unpacks to a thousand times its size', async () => {
    const bomb = gzipSync(`id,phone\n${`${'x'.repeat(90_000)},+14155550000\n`.repeat(800)}`, { level: 9 });
    const batch = await run(new Uint8Array(bomb));
    assert.equal(batch.problem.code, 'search.file_zip_bomb');
  });

  it('fails only the rows that are wrong', async () => {
    const rows = [
      'id,phone',
      'a,+14155550000',
      'a,+14155550001',
      'c,+1415555000,2',
      `d,"${'9'.repeat(10_000_000)}"`,
      'e,',
      'f,"=cmd()"',
      'g,+14155550003',
    ];
    const batch = await run(rows.join('\n'), { mapping: '{"phones":["phone"],"key":"id"}' });
    assert.equal(batch.state, 'completed', JSON.stringify(batch.problem));
    const { body } = await member.get(`/v1/batches/${batch.id}/rows`, { query: { status: 'failed' } });
    assert.deepEqual(
      body.items.map(({ row, code }: { row: number; code: string }) => [row, code]),
      [
        [2, 'search.row_key_repeated'],
        [3, 'search.file_row_ragged'],
        [4, 'search.file_row_too_long'],
        [5, 'search.mapping_nothing_to_search'],
        [6, 'search.phone_invalid'],
      ],
    );
    assert.equal(batch.progress.failed, 5);
  });

  it('never costs more than its budget, however many chunks are at work', async () => {
    vendor.reply = () => ({ status: 404 });
    await paidVendor(10_000n);
    const batch = await run(phonesCsv(400), { budget: '1.00', concurrency: '8' });
    assert.equal(batch.state, 'completed');
    assert.deepEqual([batch.progress.not_found, batch.progress.skipped], [100, 300]);
    assert.equal(batch.cost.amount, '1.00');
    assert.equal(vendor.requests.length, 100);
    const { body } = await member.get(`/v1/batches/${batch.id}/rows`, {
      query: { status: 'skipped', limit: 1 },
    });
    assert.equal(body.items[0].code, 'search.row_over_budget');

    const again = await member.post(`/v1/batches/${batch.id}/retry-failed`, { budget: '3.00' });
    assert.equal(again.status, 202, JSON.stringify(again.body));
    const more = await untilStateAt(member, `/v1/batches/${batch.id}`, ['completed']);
    assert.deepEqual([more.progress.not_found, more.progress.skipped, more.cost.amount], [300, 100, '3.00']);
  });

  it('skips no row while the budget would do for it', async () => {
    vendor.reply = () => ({ status: 404 });
    await paidVendor(1_000n, 99_000n);
    const batch = await run(phonesCsv(400), { budget: '1.00', concurrency: '8' });
    assert.deepEqual([batch.progress.not_found, batch.progress.skipped], [400, 0]);
    assert.equal(batch.cost.amount, '0.40');
  });

  it('asks and pays once for equal rows', async () => {
    vendor.reply = () => ({ body: { people: [{ name: 'Ada', score: 0.9 }], final: true } });
    await paidVendor(10_000n);
    const same = ['+14155552671', '+1 415 555 2671', '(415) 555-2671', '4155552671'];
    const csv = `phone,country\n${Array.from({ length: 200 }, (_, i) => `${same[i % 4]},US`).join('\n')}\n`;
    const mapping = '{"phones":["phone"],"fields":{"country":"country"}}';
    const batch = await run(csv, { mapping });
    assert.deepEqual([batch.progress.found, batch.progress.duplicates], [200, 199]);
    assert.equal(batch.cost.amount, '0.01');
    assert.equal(vendor.requests.length, 1);
  });

  it('has rows failed that a provider could not answer, and searches them again on demand', async () => {
    vendor.reply = () => ({ status: 500 });
    await paidVendor(0n);
    const batch = await run(phonesCsv(20));
    assert.equal(batch.state, 'completed');
    assert.equal(batch.progress.failed, 20);
    vendor.reply = () => ({ body: { people: [{ name: 'Ada', score: 0.9 }], final: true } });
    assert.equal((await member.post(`/v1/batches/${batch.id}/retry-failed`, {})).status, 202);
    const again = await untilStateAt(member, `/v1/batches/${batch.id}`, ['completed']);
    assert.deepEqual([again.progress.found, again.progress.failed, again.runs], [20, 0, 1]);
  });
});
