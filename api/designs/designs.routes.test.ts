import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { createRoutes } from '../routes.ts';
import { createDesignOrdersConsumer } from '../../activities/designs/orders-consumer.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from '../../test/support/api.ts';
import { exampleDocument } from './design.schemas.ts';
import type { Json } from '../../test/support/json.ts';

describe('Saved designs', () => {
  let api: TestApi;
  let tenant: Tenant;
  let member: ApiClient;
  let owner: ApiClient;
  before(async () => {
    api = await startTestApi((services) => createRoutes(services, ['identity', 'orders', 'designs']));
  });
  after(() => api?.close());
  beforeEach(async () => {
    tenant = await api.tenant();
    member = api.client.as(tenant.member);
    owner = api.client.as(tenant.owner);
  });

  const documentWith = (text: string) => ({
    ...exampleDocument,
    layers: [{ type: 'text', id: 'name', x: 1, y: 10, text, size: 5 }],
  });
  const save = async (as: ApiClient = member, text = 'Bella'): Promise<Json> => {
    const { status, body } = await as.post('/v1/designs', { name: 'Tag', document: documentWith(text) });
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  const eventsOf = async (id: string): Promise<string[]> => {
    const rows = await api.services.database.read('designs', ({ sql }) =>
      sql<{ type: string }>('select type from designs.outbox where subject = $1 order by position', [
        `design:${id}`,
      ]),
    );
    return rows.map(({ type }) => type);
  };

  it('keep every version that was saved, and bring one back', async () => {
    const { id } = await save();
    for (const text of ['Max', 'Luna']) {
      const { status, body } = await member.patch(`/v1/designs/${id}`, { document: documentWith(text) });
      assert.equal(status, 200);
      assert.equal(body.document.layers[0].text, text);
    }
    const first = await member.get(`/v1/designs/${id}/versions/1`);
    assert.equal(first.body.document.layers[0].text, 'Bella');
    const back = await member.post(`/v1/designs/${id}/versions/1/restore`);
    assert.deepEqual([back.body.version, back.body.document.layers[0].text], [4, 'Bella']);
    const { body } = await member.get(`/v1/designs/${id}/versions`, { query: { limit: 3 } });
    assert.deepEqual(
      body.items.map((one: { number: number; made_from: unknown }) => [one.number, one.made_from]),
      [
        [4, { kind: 'restored', version: 1 }],
        [3, null],
        [2, null],
      ],
    );
    const rest = await member.get(`/v1/designs/${id}/versions`, {
      query: { limit: 3, cursor: body.next_cursor },
    });
    assert.deepEqual([rest.body.items.length, rest.body.items[0].number], [1, 1]);
    assert.equal(rest.body.items[0].content_hash, body.items[0].content_hash);
    assert.equal((await member.get(`/v1/designs/${id}/versions/5`)).body.code, 'designs.version_not_found');
    assert.deepEqual(await eventsOf(id), ['design.created', ...Array<string>(3).fill('design.updated')]);
  });

  it('make no version of what is the same', async () => {
    const made = await save();
    const same = await member.patch(`/v1/designs/${made.id}`, { document: made.document, name: 'Tag' });
    assert.deepEqual([same.status, same.body.version], [200, 1]);
    const renamed = await member.patch(`/v1/designs/${made.id}`, { name: 'Other', tags: ['a', 'a', 'b'] });
    assert.deepEqual([renamed.body.version, renamed.body.tags], [1, ['a', 'b']]);
    assert.deepEqual(await eventsOf(made.id), ['design.created', 'design.updated']);
  });

  it('tell the second of two who save at once, and lose no version of those who do not ask', async () => {
    const { id } = await save();
    const { headers } = await member.get(`/v1/designs/${id}`);
    const options = { headers: { 'If-Match': headers.get('etag') ?? '' } };
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((text) =>
        owner.patch(`/v1/designs/${id}`, { document: documentWith(text) }, options),
      ),
    );
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 412, 412, 412],
    );
    const free = await Promise.all(
      ['e', 'f', 'g'].map((text) => owner.patch(`/v1/designs/${id}`, { document: documentWith(text) })),
    );
    assert.deepEqual(
      free.map(({ body }) => body.version as number).toSorted((a, b) => a - b),
      [3, 4, 5],
    );
    const stale = await member.delete(`/v1/designs/${id}`, options);
    assert.equal(stale.status, 412);
  });

  it('do a command once a key', async () => {
    const send = () =>
      member.post(
        '/v1/designs',
        { name: 'Once', document: exampleDocument },
        { headers: { 'Idempotency-Key': 'one' } },
      );
    const [first, second] = [await send(), await send()];
    assert.equal(first.body.id, second.body.id);
    assert.equal((await member.get('/v1/designs')).body.items.length, 1);
  });

  it('say of a bad document what is wrong and where', async () => {
    const pointersOf = async (document: unknown): Promise<[number, string, string[]]> => {
      const { status, body } = await member.post('/v1/designs', { name: 'Bad', document });
      return [status, body.code, (body.issues ?? []).map((issue: { pointer: string }) => issue.pointer)];
    };
    const text = documentWith('x').layers[0];
    assert.deepEqual(
      await pointersOf({
        ...exampleDocument,
        canvas: { width: 0, height: 4_000, unit: 'mm' },
        layers: [
          { ...text, color: 'red' },
          { ...text, id: 'b', text: 'a\u0001b' },
          { ...text, id: 'c', script: 1 },
        ],
      }),
      [
        400,
        'request.invalid',
        [
          '/body/document/canvas/width',
          '/body/document/canvas/height',
          '/body/document/layers/0/color',
          '/body/document/layers/1/text',
          '/body/document/layers/2',
        ],
      ],
    );
    assert.deepEqual(await pointersOf({ ...exampleDocument, layers: [text, text] }), [
      400,
      'request.invalid',
      ['/body/document/layers/1/id'],
    ]);
    const image = { type: 'image', id: 'i', x: 0, y: 0, width: 9, height: 9, asset_id: uuidv7() };
    assert.deepEqual(await pointersOf({ ...exampleDocument, layers: [image], assets: [uuidv7()] }), [
      422,
      'designs.document_invalid',
      ['/body/document/layers/0/asset_id', '/body/document/assets/0'],
    ]);
    const long = Array.from({ length: 140 }, (_, i) => ({ ...text, id: `l${i}`, text: 'x'.repeat(2_000) }));
    assert.deepEqual(await pointersOf({ ...exampleDocument, layers: long }), [
      413,
      'designs.document_too_large',
      [],
    ]);
    assert.equal((await member.post('/v1/designs', { document: exampleDocument })).status, 400);
    assert.equal((await member.post('/v1/designs', { name: 'Neither' })).status, 400);
  });

  it('publish the schema of documents, by which the example is one', async () => {
    const { body } = await member.get('/v1/design-schema');
    assert.equal(body.$schema, 'https://json-schema.org/draft/2020-12/schema');
    const { Ajv2020 } = await import('ajv/dist/2020.js');
    const validate = new Ajv2020({ strict: false, formats: { uuid: true } }).compile(body);
    assert.ok(validate(exampleDocument), JSON.stringify(validate.errors));
    assert.ok(!validate({ ...exampleDocument, layers: [{ type: 'text', id: 'a b' }] }));
    assert.match(JSON.stringify(body), /"maxItems":200/);
  });

  it('are listed by name, tag, product, owner, time, and whether they were shared or ordered', async () => {
    const { id } = await save();
    await member.patch(`/v1/designs/${id}`, { name: 'Bowl 100%', tags: ['dog'] });
    const other = await save(owner);
    const found = async (query: Record<string, string>, as = member): Promise<string[]> =>
      (await as.get('/v1/designs', { query })).body.items.map((one: { id: string }) => one.id);
    assert.deepEqual(await found({}), [id]);
    assert.deepEqual(await found({}, owner), [other.id, id]);
    assert.deepEqual(await found({ name: 'l 100%' }), [id]);
    assert.deepEqual(await found({ name: '_' }), []);
    assert.deepEqual(await found({ tag: 'dog', product_sku: 'TAG-32', ordered: 'false' }), [id]);
    assert.deepEqual(await found({ tag: 'cat' }), []);
    assert.deepEqual(await found({ created_by: tenant.owner.userId }, owner), [other.id]);
    assert.deepEqual(await found({ from: new Date(Date.now() + 60_000).toISOString() }), []);
    await owner.put(`/v1/designs/${other.id}/shares/${tenant.member.userId}`, { access: 'view' });
    assert.deepEqual(await found({ shared: 'true' }), [other.id]);
    assert.deepEqual(await found({ shared: 'false' }), [id]);
  });

  it('begin with a preset, of the product or of the organisation, by category', async () => {
    const { body } = await member.get('/v1/design-presets', { query: { category: 'id-tags' } });
    assert.deepEqual(
      body.items.map(({ built_in: builtIn }: { built_in: boolean }) => builtIn),
      [true, true],
    );
    const made = await member.post('/v1/designs', { preset_id: body.items[0].id });
    assert.deepEqual(made.body.document, body.items[0].document);
    assert.deepEqual(made.body.origin, { kind: 'preset', id: body.items[0].id });
    const preset = { category: 'id-tags', name: 'Ours', document: exampleDocument };
    const ours = await member.post('/v1/design-presets', preset);
    assert.equal(ours.status, 201);
    const walked: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const query = { limit: 2, ...(cursor ? { cursor } : {}) };
      const page: { items: { id: string }[]; next_cursor: string | null } = (
        await member.get('/v1/design-presets', { query })
      ).body;
      walked.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    assert.equal(walked[0], ours.body.id);
    assert.equal(new Set(walked).size, 8);
    const { items } = (await member.get('/v1/design-preset-categories')).body;
    assert.deepEqual(
      items.find((one: { category: string }) => one.category === 'id-tags'),
      { category: 'id-tags', presets: 3 },
    );
    const stale = { headers: { 'If-Match': '"9"' } };
    assert.equal(
      (await member.patch(`/v1/design-presets/${ours.body.id}`, { name: 'x' }, stale)).status,
      412,
    );
    const builtIn = await member.delete(`/v1/design-presets/${body.items[0].id}`);
    assert.deepEqual([builtIn.status, builtIn.body.code], [409, 'designs.preset_built_in']);
    assert.equal((await member.delete(`/v1/design-presets/${ours.body.id}`)).status, 204);
    assert.equal((await member.post('/v1/designs', { preset_id: ours.body.id })).status, 404);
  });

  it('are seen by nobody else until they are shared, and then as far as that says', async () => {
    const { id } = await save(owner);
    const address = `/v1/designs/${id}`;
    const share = `${address}/shares/${tenant.member.userId}`;
    assert.equal((await member.get(address)).status, 404);
    assert.equal((await member.get(`${address}/versions/1`)).status, 404);
    await owner.put(share, { access: 'view' });
    assert.equal((await member.get(address)).body.access, 'view');
    const denied = await member.patch(address, { name: 'x' });
    assert.deepEqual([denied.status, denied.body.code], [403, 'designs.access_denied']);
    assert.equal((await member.post(`${address}/versions/1/restore`)).status, 403);
    assert.equal((await member.post(`${address}/duplicate`)).body.access, 'own');
    await owner.put(share, { access: 'edit' });
    assert.equal((await member.patch(address, { name: 'x' })).status, 200);
    for (const refused of [
      await member.delete(address),
      await member.post(`${address}/links`),
      await member.get(`${address}/shares`),
      await member.put(`${address}/shares/${tenant.viewer.userId}`, { access: 'view' }),
    ])
      assert.equal(refused.status, 403);
    const stranger = await api.tenant();
    const foreign = `${address}/shares/${stranger.member.userId}`;
    assert.equal((await owner.put(foreign, { access: 'view' })).body.code, 'identity.member_not_found');
    assert.equal((await owner.delete(share)).status, 204);
    assert.equal((await owner.delete(share)).status, 404);
    assert.equal((await member.get(address)).status, 404);
    assert.deepEqual(
      (await eventsOf(id)).filter((type) => type.includes('shared')),
      ['design.shared', 'design.shared', 'design.unshared'],
    );
  });

  it('are seen by a link without an account, until it expires, is revoked, or the design is gone', async () => {
    const { id } = await save();
    const links = `/v1/designs/${id}/links`;
    const { body: link } = await member.post(links, { expires_in_hours: 1 });
    const { body: pinned } = await member.post(links, { version: 1 });
    await member.patch(`/v1/designs/${id}`, { document: documentWith('Max') });
    const seen = async ({ token }: { token: string }) => await api.client.get(`/v1/shared-designs/${token}`);
    assert.equal(link.url, `${api.url}/v1/shared-designs/${link.token}`);
    const shown = await seen(link);
    assert.deepEqual([shown.body.version, shown.body.document.layers[0].text], [2, 'Max']);
    assert.ok(!JSON.stringify(shown.body).includes(tenant.member.userId));
    assert.deepEqual((await seen(pinned)).body.document.layers[0].text, 'Bella');
    const listed = await member.get(links);
    assert.equal(listed.body.items.length, 2);
    assert.ok(!JSON.stringify(listed.body).includes('sd_'));
    const kept = await api.services.database.read('designs', ({ sql }) =>
      sql<{ all: string }>(
        `select (select json_agg(l)::text from designs.links l) || (select json_agg(o)::text from designs.outbox o)
           || coalesce((select json_agg(c)::text from designs.commands c), '') as all`,
      ),
    );
    assert.ok(!kept[0]?.all.includes(link.token));

    const nothing = await seen({ token: `sd_${'x'.repeat(43)}` });
    const bare = ({ body, status }: { body: Record<string, unknown>; status: number }) => ({
      status,
      body: { ...body, trace_id: null },
    });
    assert.equal(nothing.status, 404);
    await api.services.database.read('designs', ({ sql }) =>
      sql(`update designs.links set expires_at = now() where id = $1`, [link.id]),
    );
    assert.deepEqual(bare(await seen(link)), bare(nothing));
    assert.equal((await member.delete(`${links}/${pinned.id}`)).status, 204);
    assert.equal((await member.delete(`${links}/${pinned.id}`)).status, 204);
    assert.deepEqual(bare(await seen(pinned)), bare(nothing));
    assert.deepEqual(
      (await member.get(links)).body.items.map(({ state }: { state: string }) => state),
      ['revoked', 'expired'],
    );
    const { body: last } = await member.post(links);
    await member.delete(`/v1/designs/${id}`);
    assert.deepEqual(bare(await seen(last)), bare(nothing));
    assert.equal((await eventsOf(id)).filter((type) => type === 'design.unshared').length, 1);
  });

  it('are copied by a link into any organisation, if the link allows it', async () => {
    const { id } = await save();
    const stranger = api.client.as((await api.tenant()).member);
    const { body: link } = await member.post(`/v1/designs/${id}/links`);
    const copy = await stranger.post(`/v1/shared-designs/${link.token}/duplicate`, { name: 'Mine' });
    assert.deepEqual([copy.status, copy.body.name, copy.body.version], [201, 'Mine', 1]);
    assert.deepEqual(copy.body.origin, { kind: 'link' });
    assert.equal((await stranger.get(`/v1/designs/${copy.body.id}`)).status, 200);
    assert.equal((await member.get(`/v1/designs/${copy.body.id}`)).status, 404);
    const { body: shut } = await member.post(`/v1/designs/${id}/links`, { may_copy: false });
    const refused = await stranger.post(`/v1/shared-designs/${shut.token}/duplicate`);
    assert.deepEqual([refused.status, refused.body.code], [403, 'designs.copy_refused']);
  });

  it('keep for good the version that an order names, and are ordered again as they are then', async () => {
    const { id } = await save(owner);
    const line = { sku: 'TAG', title: 'Tag', quantity: 1, unit_price: '900', design: { id, version: 1 } };
    const { body: order } = await member.post('/v1/orders', {
      currency: 'EUR',
      customer: { email: 'ada@example.com' },
      payment: { mode: 'external', paid: '900' },
      lines: [line],
    });
    const { database } = api.services;
    const [event] = await database.read('orders', ({ sql }) =>
      sql<DomainEvent>(
        `select id, tenant_id as "tenantId", subject, data from orders.outbox where type = 'order.created' and subject = $1`,
        [`order:${order.id}`],
      ),
    );
    assert.ok(event);
    // As an order from before may name one that nobody has.
    const unknown = { line_id: uuidv7(), sku: 'CUP', quantity: 1, design_id: uuidv7(), design_version: 3 };
    const lines = [...(event.data['lines'] as object[]), unknown];
    const told = { ...event, data: { ...event.data, lines } };
    const consumer = createDesignOrdersConsumer({ database });
    await consumer.handle([told]);
    await consumer.handle([told]);
    assert.deepEqual(await eventsOf(id), ['design.created', 'design.ordered']);
    assert.ok((await owner.get(`/v1/designs/${id}`)).body.ordered_at);
    await owner.patch(`/v1/designs/${id}`, { document: documentWith('Max') });
    const { body: versions } = await owner.get(`/v1/designs/${id}/versions`);
    assert.deepEqual(
      versions.items.map((one: { frozen_at: string | null }) => one.frozen_at !== null),
      [false, true],
    );
    const again = await member.post(`/v1/orders/${order.id}/reorder`);
    assert.equal(again.status, 201, JSON.stringify(again.body));
    assert.deepEqual(again.body.order.lines[0].design, { id, version: 2 });
    assert.deepEqual(again.body.changes, [{ sku: 'TAG', change: 'design_changed', before: '1', now: '2' }]);
    await owner.delete(`/v1/designs/${id}`);
    const frozen = await member.get(`/v1/designs/${id}/versions/1`);
    assert.equal(frozen.body.document.layers[0].text, 'Bella');
    assert.equal((await owner.get(`/v1/designs/${id}/versions/2`)).status, 404);
    const gone = await member.post(`/v1/orders/${order.id}/reorder`);
    assert.equal(gone.body.changes[0].change, 'design_gone');
    assert.deepEqual(gone.body.order.lines[0].design, { id, version: 1 });
  });
});
