import assert from 'node:assert/strict';
import { batchWorkflowId } from '../../workflows/search/messages.ts';
import { spanIdOfRun } from '../../workflows/trace/messages.ts';
import { startTestApi, type Tenant, type TestApi } from '../support/api.ts';
import { startObserved, type LogLine, type ObservedProcess } from '../support/observed-system.ts';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.ts';
import { onlyProvider } from '../support/providers.ts';
import { vendorConfig } from '../support/search.ts';
import { formOf } from '../support/search-system.ts';
import { temporalClient } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';

const rows = 400;
const secret = 'secret-of-the-vendor';
const person = '+14155559876';

describe('One request, from the API to the last statement', function () {
  this.timeout(300_000);
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const callersSpan = '00f067aa0ba902b7';
  const ends: (() => Promise<void>)[] = [];
  let receiver: OtlpReceiver;
  let api: ObservedProcess;
  let workers: ObservedProcess;
  let tenant: Tenant;
  let batchId = '';
  let requestId: string | null = null;
  let spans: ReceivedSpan[];
  let figures = '';
  let apiFigures = '';
  let ready: unknown;

  before(async () => {
    receiver = await startOtlpReceiver();
    ends.push(() => receiver.close());
    const vendor: Vendor = await startVendor(() => ({ status: 404 }));
    ends.push(() => vendor.close());
    const test: TestApi = await startTestApi(() => [], { env: { OUTBOUND_ALLOW_PRIVATE: vendor.host } });
    ends.push(() => test.close());
    tenant = await test.tenant();
    await onlyProvider(test.services.database, tenant.id, { name: 'vendor', config: vendorConfig(vendor) });
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint };
    [api, workers] = await Promise.all([
      startObserved('api', test.services.config, env),
      startObserved('workers', test.services.config, env),
    ]);
    ends.push(() => api.stop());
    ends.push(() => workers.stop());

    const lines = Array.from({ length: rows }, (_, index) => `+1415${5_550_000 + index}`);
    const response = await fetch(`${api.url}/v1/batches`, {
      method: 'POST',
      headers: {
        Authorization: tenant.member.authorization,
        traceparent: `00-${traceId}-${callersSpan}-01`,
      },
      body: formOf(`phone\n${person}\n${lines.join('\n')}\n`, 'people.csv', { kind: 'phone' }),
    });
    const body = (await response.json()) as { id: string };
    assert.equal(response.status, 202, JSON.stringify(body));
    assert.equal(response.headers.get('x-trace-id'), traceId);
    requestId = response.headers.get('x-request-id');
    batchId = body.id;
    const workflow = (await temporalClient()).workflow.getHandle(batchWorkflowId(batchId, 0));
    await until(async () => (await workflow.describe()).status.name === 'COMPLETED', 120_000);
    const scrape = async (url: string) => await (await fetch(`${url}/metrics`)).text();
    figures = await until(async () => {
      const text = await scrape(workers.url);
      return text.includes('perdure_workflows_ended_total{workflow="runBatch"') ? text : null;
    });
    apiFigures = await scrape(api.url);
    ready = await (await fetch(`${workers.url}/ready`)).json();
    // Each process sends what is left when it ends.
    await Promise.all([api.stop(), workers.stop()]);
    spans = receiver.spans.filter((span) => span.traceId === traceId);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  const only = (name: string): ReceivedSpan => {
    const found = spans.filter((span) => span.name === name);
    assert.equal(found.length, 1, `${name} among ${[...new Set(spans.map((span) => span.name))].join(', ')}`);
    return found[0] as ReceivedSpan;
  };
  const under = (parent: ReceivedSpan) => spans.filter((span) => span.parentSpanId === parent.spanId);

  it('is one trace: request, delivery, workflow, activities', () => {
    const request = only('POST /v1/batches');
    assert.equal(request.parentSpanId, callersSpan);
    assert.equal(request.service, 'perdure-api');
    assert.equal(request.attributes['perdure.tenant_id'], tenant.id);
    assert.equal(request.attributes['http.response.status_code'], 202);

    const delivery = only('deliver search.batch_submitted to workflow-starts');
    assert.equal(delivery.parentSpanId, request.spanId);
    assert.equal(delivery.service, 'perdure-worker');

    const workflow = only('workflow runBatch');
    assert.equal(workflow.parentSpanId, delivery.spanId);
    assert.equal(workflow.attributes['temporal.workflow.id'], `batch:${batchId}`);
    assert.equal(workflow.spanId, spanIdOfRun(String(workflow.attributes['temporal.workflow.run_id'])));

    for (const step of [
      'validateBatch',
      'ingestBatch',
      'planSearch',
      'searchRange',
      'finishSearch',
      'writeResults',
    ]) {
      const activities = spans.filter((span) => span.name === `activity ${step}`);
      assert.ok(activities.length > 0, step);
      for (const activity of activities) assert.equal(activity.parentSpanId, workflow.spanId, step);
    }
    // What the last step has published goes on in the same trace.
    const told = only('deliver search.batch_completed to notices');
    assert.equal(told.parentSpanId, only('activity writeResults').spanId);
    const known = new Set([callersSpan, ...spans.map((span) => span.spanId)]);
    for (const span of spans)
      assert.ok(known.has(span.parentSpanId), `${span.name} hangs under a span that is there`);
  });

  it('reaches into PostgreSQL and to the vendor, and a chunk of rows stays readable', () => {
    const request = under(only('POST /v1/batches')).map((span) => span.name);
    for (const statement of ['SELECT identity.signing_keys', 'INSERT search.batches'])
      assert.ok(
        request.some((name) => name.toUpperCase() === statement.toUpperCase()),
        `${statement} in ${request.join(', ')}`,
      );
    const chunks = spans.filter((span) => span.name === 'activity searchRange');
    const counted = chunks.map((chunk) => Number(chunk.attributes['perdure.http.count'] ?? 0));
    assert.ok(counted.reduce((sum, one) => sum + one, 0) >= rows, 'every call is counted');
    for (const chunk of chunks) {
      const details = under(chunk).filter((span) => !span.name.startsWith('deliver '));
      assert.ok(details.length <= 32, `${details.length} spans of one chunk`);
    }
    const call = spans.find((span) => span.name === 'GET 127.0.0.1');
    assert.ok(call, 'a call of the vendor');
    assert.deepEqual(Object.keys(call.attributes).sort(), [
      'http.request.method',
      'http.response.status_code',
      'server.address',
      'server.port',
    ]);
    assert.equal(call.attributes['http.response.status_code'], 404);
  });

  it('shows no value, secret or person', () => {
    const everything = receiver.text();
    for (const hidden of [
      person,
      person.slice(2),
      secret,
      'people.csv',
      tenant.member.authorization.slice(7),
    ])
      assert.ok(!everything.includes(hidden), hidden);
  });

  it('is counted, with what waits, what is late and what is used up', () => {
    const value = (text: string, series: RegExp): number => {
      const line = text.split('\n').find((one) => series.test(one)) ?? `no series ${String(series)} NaN`;
      return Number(line.slice(line.lastIndexOf(' ') + 1));
    };
    assert.equal(value(figures, /^perdure_workflows_started_total{workflow="runBatch"/), 1);
    assert.equal(value(figures, /^perdure_workflows_ended_total{workflow="runBatch",outcome="completed"/), 1);
    for (const kind of ['workflow', 'activity']) {
      assert.ok(value(figures, new RegExp(`^perdure_queue_backlog{queue="search",kind="${kind}"`)) >= 0);
      assert.ok(value(figures, new RegExp(`^perdure_queue_age_seconds{queue="search",kind="${kind}"`)) >= 0);
    }
    for (const process of ['batch', 'import'])
      assert.ok(value(figures, new RegExp(`^perdure_process_wait_seconds{process="${process}"`)) >= 0);
    assert.equal(value(figures, /^perdure_schedule_missed{schedule="tidy-searches"/), 0);
    assert.equal(value(figures, /^perdure_schedule_late_seconds{schedule="tidy-searches"/), 0);
    for (const pool of ['worker', 'relay'])
      assert.ok(
        value(figures, new RegExp(`^perdure_database_connections{pool="${pool}".*state="idle"`)) >= 0,
      );
    assert.equal(value(apiFigures, /^perdure_database_connections{pool="api".*state="waiting"/), 0);
    assert.ok(value(apiFigures, /^perdure_nodejs_eventloop_lag_p99_seconds/) >= 0);
    assert.ok(value(figures, /^temporal_worker_task_slots_available{/) > 0, 'the figures of the SDK');
    assert.deepEqual(ready, {
      ready: true,
      parts: { database: 'up', temporal: 'up', workers: 'up', pollers: 'up' },
    });
  });

  it('is told by the log lines of every process, with the tenant, the request and the workflow', () => {
    const of = (lines: readonly LogLine[], facts: LogLine) =>
      lines.filter((line) => Object.entries(facts).every(([name, value]) => line[name] === value));
    const [request] = of(api.lines, { message: 'request', trace_id: traceId });
    assert.equal(request?.['tenant_id'], tenant.id);
    assert.equal(request?.['request_id'], requestId);
    assert.equal(requestId, only('POST /v1/batches').spanId);
    for (const line of [...api.lines, ...workers.lines]) {
      const text = JSON.stringify(line);
      assert.ok(!text.includes(person) && !text.includes(secret), text);
    }
  });
});
