import assert from 'node:assert/strict';
import { freePort } from '../../platform/ports.ts';
import type { TetheredProcess } from '../../platform/local/process.ts';
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
import { until } from '../support/until.ts';
import { startVendor, type Vendor, type VendorReply } from '../support/vendor.ts';

const rows = 3;
const found: VendorReply = { body: { people: [{ name: 'Ada', score: 0.9 }], final: true } };
const inOrder = { code: 0, signal: null };

describe('A worker that is told to stop', () => {
  let system: SearchSystem;
  let vendor: Vendor;
  let tenant: Tenant;
  let member: ApiClient;
  let worker: TetheredProcess;
  let ready: () => Promise<boolean>;
  /** Lets the vendor answer. */
  let answer: () => void;

  before(async () => {
    vendor = await startVendor();
    system = await startSearchSystem({ env: { OUTBOUND_ALLOW_PRIVATE: vendor.host }, withoutWorkers: true });
  });
  after(async () => {
    answer?.();
    await system?.close();
    await vendor?.close();
  });
  beforeEach(async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    answer = resolve;
    vendor.requests.length = 0;
    vendor.reply = () => promise.then(() => found);
    tenant = await system.api.tenant();
    member = system.api.client.as(tenant.member);
    await onlyProvider(system.api.services.database, tenant.id, {
      name: 'vendor',
      config: vendorConfig(vendor),
      price: { perCall: 10_000n, perHit: 0n },
      timeoutMs: 60_000,
    });
    const port = await freePort();
    worker = await system.startWorkerProcess({ METRICS_PORT: String(port) });
    ready = async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok;
  });
  afterEach(() => worker.stop());

  /** A batch whose rows are with the vendor, which has not answered. */
  const batchInHand = async (): Promise<string> => {
    await until(ready);
    const csv = `id,phone\n${Array.from({ length: rows }, (_, i) => `r${i},+1415555${2_100 + i}`).join('\n')}\n`;
    const made = await member.post('/v1/batches', formOf(csv, 'people.csv', { kind: 'phone' }));
    assert.equal(made.status, 202, JSON.stringify(made.body));
    await until(() => vendor.requests.length > 0);
    return String(made.body.id);
  };
  const stopping = async (): Promise<void> => {
    process.kill(worker.pid, 'SIGTERM');
    await until(async () => !(await ready()));
  };
  const assertWhole = async (id: string): Promise<void> => {
    const batch = await untilStateAt(member, `/v1/batches/${id}`, ['completed', 'failed']);
    assert.equal(batch.progress.found, rows, JSON.stringify(batch));
    assert.equal(batch.cost.amount, '0.03', 'each row is paid once');
  };
  const keys = () => new Set(vendor.requests.map(({ headers }) => headers['idempotency-key']));

  it('finishes the step that it has in hand; the next step is another worker’s', async () => {
    const id = await batchInHand();
    await stopping();
    answer();
    assert.deepEqual(await worker.exited, inOrder);
    const { body } = await member.get(`/v1/batches/${id}`);
    assert.equal(body.progress.found, rows, 'the step is committed');

    worker = await system.startWorkerProcess();
    await assertWhole(id);
    assert.equal(vendor.requests.length, rows, 'nothing is asked twice');
  });

  it('hands over the step that would outlast its grace', async () => {
    const id = await batchInHand();
    await stopping();
    // In order, which is within the 24 seconds after which it would end itself by force.
    assert.deepEqual(await worker.exited, inOrder);
    assert.equal((await member.get(`/v1/batches/${id}`)).body.progress.found, 0);

    answer();
    worker = await system.startWorkerProcess();
    await assertWhole(id);
    assert.equal(keys().size, rows, 'what is asked again is asked under the same key');
  });
});
