import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { AuditRepository, recordEvents } from '../../db/audit/audit.repository.ts';
import { ErasureRepository } from '../../db/search/erasure.repository.ts';
import type { Sql } from '../../db/sql.ts';
import { EndpointRepository } from '../../db/webhooks/endpoint.repository.ts';
import { InboundReplayRepository } from '../../db/webhooks/inbound-replay.ts';
import { RecoveryRepository } from '../../db/webhooks/recovery.ts';
import { startTestApi, type Tenant, type TestApi } from '../../test/support/api.ts';
import { endedImport, phonesCsv, submitBatch } from '../../test/support/batches.ts';
import { createProcessRoutes } from './processes.routes.ts';

/** What a batch's events hold that nobody but its owner may see. */
const hidden = { name: 'Ada Lovelace', file_key: 'batches/secret', error: 'Ada is unknown' };

describe('the processes of an organisation', () => {
  let api: TestApi;
  let tenant: Tenant;
  before(async () => {
    api = await startTestApi(createProcessRoutes);
    tenant = await api.tenant();
  });
  after(() => api?.close());

  const get = (path: string, query: Record<string, string | number> = {}, caller = tenant.member) =>
    api.client.as(caller).get(path, { query });

  const tell = (subject: string, events: { type: string; actorId?: string; data?: object }[]) =>
    api.services.database.transaction('audit', ({ sql }) =>
      recordEvents(
        sql,
        events.map(({ type, actorId, data }, index) => ({
          id: uuidv7(),
          domain: 'search',
          type,
          version: 1,
          tenantId: tenant.id,
          subject,
          occurredAt: new Date(1_764_000_000_000 + index * 1_000).toISOString(),
          data: { ...hidden, ...data },
          actorId: actorId ?? null,
          traceId: null,
        })),
      ),
    );

  it('are listed together, newest first and page by page, each with its workflow', async () => {
    const batch = await submitBatch(api.services, tenant.id, phonesCsv(1));
    const made = await endedImport(api.services, tenant.id);
    const later = await submitBatch(api.services, tenant.id, phonesCsv(1));
    const seen: { id: string; workflow_id: string; web_ui: string; state: string }[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await get('/v1/processes', { limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...body.items);
      cursor = body.next_cursor;
    }
    assert.deepEqual(
      seen.map(({ id }) => id),
      [`batch:${later.id}`, `import:${made.id}`, `batch:${batch.id}`],
    );
    assert.equal(seen[0]?.workflow_id, `batch:${later.id}`);
    assert.equal(seen[0]?.web_ui, `http://127.0.0.1:8233/namespaces/default/workflows/batch%3A${later.id}`);
    const only = await get('/v1/processes', { type: 'import' });
    assert.deepEqual(
      only.body.items.map(({ id }: { id: string }) => id),
      [`import:${made.id}`],
    );
    assert.deepEqual((await get(`/v1/processes/import:${made.id}`)).body, only.body.items[0]);
  });

  it('are erasures, recoveries and replays too', async () => {
    const { database } = api.services;
    const { id: tenantId, owner } = await api.tenant();
    const erasure = await database.transaction('search', ({ sql }) =>
      new ErasureRepository(sql, tenantId).create(uuidv7(), 'sealed', owner.userId),
    );
    const endpoint = uuidv7();
    const recovery = await database.transaction('webhooks', async ({ sql }) => {
      await new EndpointRepository(sql, tenantId).insert({
        id: endpoint,
        url: 'https://hooks.invalid/',
        description: '',
        eventTypes: ['*'],
        payloadVersion: 1,
        ordering: 'none',
        ratePerSecond: null,
        headers: null,
        secret: 'sealed',
        createdBy: owner.userId,
        state: 'enabled',
      });
      return await new RecoveryRepository(sql, tenantId).create({
        endpointId: endpoint,
        kind: 'missing',
        since: new Date(),
        until: new Date(),
        createdBy: owner.userId,
      });
    });
    const replay = await database.transaction('webhooks', ({ sql }) =>
      new InboundReplayRepository(sql, tenantId).create({ filter: {}, matching: 0, createdBy: owner.userId }),
    );
    const { body } = await get('/v1/processes', {}, owner);
    assert.deepEqual(
      body.items.map(({ id, state, workflow_id }: Record<string, string>) => [id, state, workflow_id]),
      [
        [`webhook-replay:${replay.id}`, 'running', `webhook-replay:${replay.id}`],
        [`webhook-recovery:${recovery.id}`, 'running', `webhook-recovery:${recovery.id}`],
        [`erasure:${erasure.id}`, 'submitted', `erasure:${erasure.id}`],
      ],
    );
    const others = (await api.tenant()).owner;
    for (const item of body.items) {
      assert.deepEqual((await get(`/v1/processes/${item.id}`, {}, owner)).body, item);
      assert.equal((await get(`/v1/processes/${item.id}`, {}, others)).status, 404);
    }
  });

  it('are not shown to a key that may not see their kind', async () => {
    const batch = await submitBatch(api.services, tenant.id, phonesCsv(1));
    const key = await api.key(tenant.owner, ['processes:read', 'records:read']);
    const { body } = await get('/v1/processes', {}, key);
    assert.ok(body.items.every(({ type }: { type: string }) => type === 'import'));
    for (const path of [`/v1/processes/batch:${batch.id}`, `/v1/processes/batch:${batch.id}/timeline`])
      assert.equal((await get(path, {}, key)).status, 403);
  });

  it('tell what has happened in words, from either end, without what names a person', async () => {
    const { id } = await submitBatch(api.services, tenant.id, phonesCsv(1));
    const userId = tenant.member.userId;
    await tell(`batch:${id}`, [
      { type: 'search.batch_submitted', actorId: userId, data: { priority: 3 } },
      { type: 'search.batch_validated', data: { rows: 12 } },
      { type: 'search.batch_paused', actorId: userId },
      { type: 'search.something_internal' },
      { type: 'search.batch_failed', data: { code: 'file.broken' } },
    ]);
    const path = `/v1/processes/batch:${id}/timeline`;
    const { body } = await get(path, { order: 'oldest' });
    const told = body.items.map(({ type, words, actor, data }: Record<string, unknown>) => [
      type,
      words,
      actor,
      data,
    ]);
    const byUser = { type: 'user', id: userId };
    const bySystem = { type: 'system', id: null };
    assert.deepEqual(told, [
      ['submitted', 'Submitted', byUser, { priority: 3 }],
      ['validated', 'Its file is whole', bySystem, { rows: 12 }],
      ['paused', 'Paused', byUser, {}],
      ['failed', 'Failed for its file', bySystem, { code: 'file.broken' }],
    ]);
    const newest = await get(path);
    assert.deepEqual(newest.body.items, body.items.toReversed());
    const paused = await get(path, { type: 'paused' });
    assert.deepEqual(paused.body.items, [body.items[2]]);
    const first = await get(path, { limit: 3, order: 'oldest' });
    const rest = await get(path, { limit: 3, order: 'oldest', cursor: first.body.next_cursor });
    assert.deepEqual([...first.body.items, ...rest.body.items], body.items);
    assert.equal(
      (await get(path, { limit: 3, cursor: first.body.next_cursor })).status,
      400,
      'the other way',
    );
    assert.equal((await get(path, {}, (await api.tenant()).owner)).status, 404);
    assert.equal((await get('/v1/processes/cron:1/timeline')).status, 404);
  });

  it('tell a page of 100,000 events by the index alone, at both ends and in the middle', async () => {
    const subject = `batch:${uuidv7()}`;
    const { database } = api.services;
    await database.transaction('audit', async ({ sql }) => {
      await sql(
        `insert into audit.audit_log
           (event_id, domain, type, version, tenant_id, subject, occurred_at, data)
         select gen_random_uuid(), 'search', 'search.performed', 1, $1, subject,
                timestamptz '2026-01-01' + n * interval '1 second', '{"searches": 1000}'
         from generate_series(1, 100000) n, unnest($2::text[]) subject`,
        [tenant.id, [subject, `batch:${uuidv7()}`]],
      );
    });
    await database.read('audit', ({ sql }) => sql('analyze audit.audit_log'));
    const middle = { occurredAt: '2026-01-01T13:53:20.000000Z', eventId: uuidv7() };
    for (const order of ['newest', 'oldest'] as const) {
      for (const after of [null, middle]) {
        const plan = await database.read('audit', async ({ sql }) => {
          const plans: unknown[] = [];
          const explain: Sql = async (text, parameters) => {
            plans.push(...(await sql(`explain (format json) ${text}`, parameters)));
            return [];
          };
          await new AuditRepository(explain, tenant.id).timeline(
            subject,
            ['search.performed'],
            order,
            51,
            after,
          );
          return JSON.stringify(plans);
        });
        assert.match(plan, /"Index Name":\s*"audit_log_timeline"/, plan);
        assert.doesNotMatch(plan, /"Node Type":\s*"(Sort|Incremental Sort|Seq Scan|Bitmap Heap Scan)"/, plan);
      }
    }
    const { body } = await get(`/v1/processes/${subject}/timeline`, { limit: 200 });
    assert.equal(body.items.length, 200);
    assert.equal(body.items[0].words, 'Rows were searched');
  });
});
