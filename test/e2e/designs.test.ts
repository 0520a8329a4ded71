import { MockActivityEnvironment } from '@temporalio/testing';
import assert from 'node:assert/strict';
import sharp from 'sharp';
import { createDesignErasureActivities } from '../../activities/designs/tenant-erasure.activities.ts';
import { assetLimits } from '../../domain/designs/asset.ts';
import { designLimits } from '../../domain/designs/limits.ts';
import type { ApiClient, ApiResponse, Tenant } from '../support/api.ts';
import { startDesignsSystem, type DesignsSystem } from '../support/designs-system.ts';
import { keepHistory } from '../support/histories.ts';
import { temporalClient } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import type { Json } from '../support/json.ts';

describe('Designs that are drawn and made smaller', function () {
  this.timeout(180_000);
  let system: DesignsSystem;
  let tenant: Tenant;
  let member: ApiClient;
  before(async () => {
    system = await startDesignsSystem();
  });
  after(() => system?.close());
  beforeEach(async () => {
    tenant = await system.api.tenant();
    member = system.api.client.as(tenant.member);
  });

  const upload = async (
    content: Buffer | string,
    type: string,
    headers: Record<string, string> = {},
  ): Promise<ApiResponse> =>
    await member.send('post', '/v1/design-assets', Buffer.from(content), {
      query: { name: 'Picture' },
      headers: { 'content-type': type, ...headers },
    });
  const photo = (edge: number): Promise<Buffer> => {
    const pixels = Buffer.from(Array.from({ length: edge * edge * 3 }, (_, i) => (i * i * 31 + i) % 253));
    return sharp(pixels, { raw: { width: edge, height: edge, channels: 3 } })
      .blur(2)
      .jpeg({ quality: 100 })
      .toBuffer();
  };
  const svg = (content: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">${content}</svg>`;
  const documentOf = (layers: object[], assets: string[] = []): object => ({
    format: 1,
    canvas: { width: 100, height: 50, unit: 'px', background: '#ffffff' },
    layers,
    assets,
  });
  const image = (assetId: string, more: object = {}): object => ({
    type: 'image',
    id: `i${assetId}`,
    x: 10,
    y: 10,
    width: 30,
    height: 30,
    asset_id: assetId,
    fit: 'stretch',
    ...more,
  });
  const save = async (document: object): Promise<Json> => {
    const { status, body } = await member.post('/v1/designs', { name: 'Drawn', document });
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  const untilDrawn = async (id: string): Promise<Json> =>
    await until(async () => {
      const { body } = await member.get(`/v1/designs/${id}/previews`);
      const [preview] = body.items;
      return preview.state === 'requested' ? null : preview;
    }, 60_000);
  const fetchPicture = async ({ url }: { url: string }): Promise<Buffer> => {
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    return Buffer.from(await answer.arrayBuffer());
  };
  const colourAt = async (picture: Buffer, x: number, y: number): Promise<number[]> => {
    const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
    const at = (y * info.width + x) * info.channels;
    return [...data.subarray(at, at + 3)];
  };

  it('draw every saved version with its texts, shapes, patterns and pictures, once for equal contents', async () => {
    const red = await sharp({ create: { width: 40, height: 40, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer();
    const [png, vector] = [
      (await upload(red, 'image/png')).body,
      (await upload(svg('<rect width="10" height="10" fill="#0000ff"/>'), 'image/svg+xml')).body,
    ];
    const document = documentOf([
      image(png.id),
      image(vector.id, { x: 60 }),
      { type: 'text', id: 't', x: 2, y: 9, text: 'Ä 日本', size: 9 },
      {
        type: 'pattern',
        id: 'p',
        x: 0,
        y: 45,
        width: 100,
        height: 5,
        pattern: 'stripes',
        tile: 2,
        color: '#00ff00',
        background: '#00ff00',
      },
    ]);
    const design = await save(document);
    const preview = await untilDrawn(design.id);
    assert.equal(preview.state, 'ready', preview.failure);
    assert.deepEqual(
      preview.pictures.map((one: Json) => [one.width, one.height, one.format]),
      [
        [256, 128, 'png'],
        [256, 128, 'webp'],
        [1_024, 512, 'png'],
        [1_024, 512, 'webp'],
      ],
    );
    const [small, , large, webp] = await Promise.all<Buffer>(preview.pictures.map(fetchPicture));
    assert.ok(small && large && webp);
    assert.deepEqual(await colourAt(large, 256, 256), [255, 0, 0]);
    assert.deepEqual(await colourAt(large, 768, 256), [0, 0, 255]);
    assert.deepEqual(await colourAt(large, 512, 500), [0, 255, 0]);
    assert.deepEqual(await colourAt(small, 128, 64), [255, 255, 255]);
    assert.equal((await sharp(webp).metadata()).format, 'webp');
    await keepHistory(
      await temporalClient(),
      system.api.services.database,
      `preview:${preview.id}`,
      'renderPreview/straight',
    );

    const copy = await member.post(`/v1/designs/${design.id}/duplicate`);
    const same = await member.get(`/v1/designs/${copy.body.id}/previews`);
    assert.deepEqual([same.body.items[0].id, same.body.items[0].state], [preview.id, 'ready']);
    const again = await member.post(`/v1/designs/${design.id}/previews`, { sizes: [1_024, 256, 256] });
    assert.deepEqual([again.status, again.body.id], [200, preview.id]);
    const more = await member.post(`/v1/designs/${design.id}/previews`, { sizes: [256, 64] });
    assert.equal(more.status, 202);
    const other = await until(async () => {
      const { body } = await member.get(more.headers.get('location') ?? '');
      return body.state === 'ready' ? body : null;
    }, 60_000);
    assert.deepEqual(await fetchPicture(other.pictures[2]), small);

    const { body: link } = await member.post(`/v1/designs/${design.id}/links`);
    const shared = (await system.api.client.get(`/v1/shared-designs/${link.token}`)).body;
    assert.deepEqual(
      shared.pictures.map((one: Json) => one.width),
      [64, 64, 256, 256, 1_024, 1_024],
    );
    const strangers = await system.api.tenant();
    const stranger = system.api.client.as(strangers.member);
    const theirs = (await stranger.post(`/v1/shared-designs/${link.token}/duplicate`)).body;
    const [shownThere] = theirs.document.layers;
    assert.notEqual(shownThere.asset_id, png.id);
    assert.equal((await stranger.get(`/v1/design-assets/${shownThere.asset_id}`)).body.sha256, png.sha256);
    assert.equal((await stranger.get(`/v1/design-assets/${png.id}`)).status, 404);
    const foreign = await stranger.post('/v1/designs', { name: 'x', document });
    assert.deepEqual([foreign.status, foreign.body.issues.length], [422, 2]);
    const timeline = await system.api.client
      .as(tenant.owner)
      .get('/v1/processes', { query: { type: 'preview' } });
    assert.ok(timeline.body.items.some((one: Json) => one.id === `preview:${preview.id}`));
  });

  it('say what went wrong with a drawing, and draw it when it is asked for anew', async () => {
    const red = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer();
    const { body: asset } = await upload(red, 'image/png');
    const { database, storage } = system.api.services;
    const key = `designs/${tenant.id}/assets/${asset.id}`;
    await storage.delete(key);
    const design = await save(documentOf([image(asset.id)]));
    const preview = await untilDrawn(design.id);
    assert.deepEqual([preview.state, preview.failure], ['failed', 'storage.object_not_found']);
    assert.deepEqual(preview.pictures, []);
    await keepHistory(await temporalClient(), database, `preview:${preview.id}`, 'renderPreview/failed');
    await storage.put(key, red, { contentType: 'image/png', maxBytes: 1_000 });
    const again = await member.post(`/v1/designs/${design.id}/previews`);
    assert.deepEqual([again.status, again.body.id, again.body.state], [202, preview.id, 'requested']);
    assert.equal((await untilDrawn(design.id)).state, 'ready');
  });

  it('take pictures in by what they are, and what of SVG only draws', async () => {
    const script = await upload(svg('<script>alert(1)</script><rect onclick="x()"/>'), 'image/svg+xml');
    assert.deepEqual([script.status, script.body.left_out], [201, ['onclick', 'script']]);
    const kept = (await fetchPicture(script.body.file)).toString();
    assert.doesNotMatch(kept, /script|onclick/);
    const link = await fetch(script.body.file.url);
    await link.body?.cancel();
    if (system.api.services.config.STORAGE_DIR) {
      assert.equal(link.headers.get('content-type'), 'application/octet-stream');
      assert.match(link.headers.get('content-disposition') ?? '', /^attachment/);
    }
    const refused: [string, string, number, string][] = [
      ['%PDF-1.7', 'image/png', 415, 'designs.asset_type'],
      ['', 'image/png', 415, 'designs.asset_type'],
      ['<html><script/></html>', 'image/svg+xml', 415, 'designs.asset_type'],
      ['plain', 'text/plain', 415, 'request.unsupported_media_type'],
      ['\x89PNG\r\n\x1a\nrest', 'image/png', 422, 'images.unreadable'],
      [`<!DOCTYPE svg [<!ENTITY a "b">]>${svg('<text>&a;</text>')}`, 'image/svg+xml', 422, 'images.unsafe'],
      [svg(' '.repeat(1_048_577)), 'image/svg+xml', 413, 'images.too_large'],
    ];
    for (const [content, type, status, code] of refused) {
      const answer = await upload(Buffer.from(content, 'latin1'), type);
      assert.deepEqual([answer.status, answer.body.code], [status, code]);
    }
    const png = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const once = { 'idempotency-key': 'upload' };
    const [first, second] = [await upload(png, 'image/jpeg', once), await upload(png, 'image/jpeg', once)];
    assert.deepEqual([first.body.format, first.body.width], ['png', 3]);
    assert.equal(first.body.id, second.body.id);
    const list = await member.get('/v1/design-assets', { query: { format: 'png' } });
    assert.equal(list.body.items.length, 1);
  });

  it('are made smaller by what they do not show, with a report, while older versions stay as they were', async () => {
    const content = await photo(600);
    const { body: large } = await upload(content, 'image/jpeg');
    const { body: unused } = await upload(svg('<rect/>'), 'image/svg+xml');
    const design = await save(documentOf([image(large.id)], [large.id, unused.id]));
    const asked = await member.post(`/v1/designs/${design.id}/optimisations`);
    assert.equal(asked.status, 202);
    const untilEnded = async (location: string): Promise<Json> =>
      await until(async () => {
        const { body } = await member.get(location);
        return body.state === 'requested' ? null : body;
      }, 60_000);
    const done = await untilEnded(asked.headers.get('location') ?? '');
    assert.deepEqual([done.state, done.new_version], ['completed', 2], JSON.stringify(done));
    assert.deepEqual(done.report.dropped, [{ asset_id: unused.id, bytes: unused.bytes }]);
    const [saved] = done.report.pictures;
    assert.equal(saved.bytes_before, content.length);
    assert.ok(saved.bytes_after < content.length / 20, JSON.stringify(saved));
    assert.equal(done.report.bytes_before, content.length + unused.bytes);
    assert.equal(done.report.bytes_after, saved.bytes_after);
    const { body: now } = await member.get(`/v1/designs/${design.id}`);
    assert.deepEqual(now.document.assets, [saved.replaced_by]);
    assert.equal(now.document.layers[0].asset_id, saved.replaced_by);
    const { body: smaller } = await member.get(`/v1/design-assets/${saved.replaced_by}`);
    assert.deepEqual([smaller.width, smaller.height, smaller.made_of], [30, 30, large.id]);
    const { body: old } = await member.get(`/v1/designs/${design.id}/versions/1`);
    assert.equal(old.document.layers[0].asset_id, large.id);
    assert.deepEqual(await fetchPicture(large.file), content);
    const inUse = await member.delete(`/v1/design-assets/${large.id}`);
    assert.deepEqual([inUse.status, inUse.body.code], [409, 'designs.asset_in_use']);
    const { database } = system.api.services;
    const client = await temporalClient();
    await keepHistory(client, database, `optimisation:${done.id}`, 'optimiseDesign/straight');
    const twice = await member.post(`/v1/designs/${design.id}/optimisations`);
    assert.equal((await untilEnded(twice.headers.get('location') ?? '')).state, 'unchanged');
  });

  it('are swept when their time is over, but for what was ordered; and erased with their organisation', async () => {
    const { database, storage } = system.api.services;
    const red = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer();
    const { body: asset } = await upload(red, 'image/png');
    const design = await save(documentOf([image(asset.id)]));
    const drawn = await untilDrawn(design.id);
    await member.patch(`/v1/designs/${design.id}`, { document: documentOf([]) });
    await untilDrawn(design.id);
    await member.delete(`/v1/designs/${design.id}`);
    const age = () =>
      database.read('designs', async ({ sql }) => {
        await sql(`update designs.designs set deleted_at = now() - interval '31 days' where id = $1`, [
          design.id,
        ]);
        await sql(`update designs.versions set frozen_at = now() where design_id = $1 and number = 2`, [
          design.id,
        ]);
      });
    await age();
    const client = await temporalClient();
    const sweep = () =>
      client.workflow.execute('tidyDesigns', {
        taskQueue: 'designs',
        workflowId: `tidy-designs-${crypto.randomUUID()}`,
        args: [],
      });
    await sweep();
    assert.equal((await member.get(`/v1/designs/${design.id}/versions/1`)).status, 404);
    assert.equal((await member.get(`/v1/designs/${design.id}/versions/2`)).status, 200);
    const keys = await database.read('designs', ({ sql }) =>
      sql<{ key: string }>(
        `select f ->> 'key' as key from designs.previews p, jsonb_array_elements(p.files) f where p.id = $1`,
        [drawn.id],
      ),
    );
    assert.deepEqual(keys, []);
    const folder = `designs/${tenant.id}/`;
    const left = (await Array.fromAsync(storage.list(folder))).map(({ key }) => key);
    assert.equal(left.filter((key) => key.includes('/pictures/')).length, 4);
    assert.equal((await member.delete(`/v1/design-assets/${asset.id}`)).status, 204);
    const run = `tidy-designs-${crypto.randomUUID()}`;
    await client.workflow.execute('tidyDesigns', { taskQueue: 'designs', workflowId: run, args: [] });
    await keepHistory(client, database, run, 'tidyDesigns/straight');
    assert.equal(await storage.head(`${folder}assets/${asset.id}`), undefined);

    const erasure = createDesignErasureActivities({ database, storage });
    const erase = async () => {
      let gone = { removed: 0, left: false };
      await new MockActivityEnvironment().run(async () => {
        gone = await erasure.eraseTenantData({ tenantId: tenant.id });
      });
      return gone;
    };
    for (let more = true; more;) ({ left: more } = await erase());
    assert.equal((await erase()).removed, 0);
    assert.deepEqual(await Array.fromAsync(storage.list(folder)), []);
    assert.equal((await member.get(`/v1/designs/${design.id}/versions/2`)).status, 404);
  });

  it('take no file into the storage for which the organisation has no room, not even for a while', async () => {
    const { database } = system.api.services;
    await database.transaction('designs', ({ sql }) =>
      sql(
        `insert into designs.assets (id, tenant_id, state, name, object_key, bytes)
         values (gen_random_uuid(), $1, 'incoming', 'Under way', 'nowhere', $2)`,
        [tenant.id, assetLimits.organisationBytes - 10],
      ),
    );
    const { body } = await upload(svg('<rect width="10" height="10"/>'), 'image/svg+xml');
    assert.equal(body.code, 'designs.assets_full');
    const kept = await database.read('designs', ({ sql }) =>
      sql('select 1 from designs.assets where tenant_id = $1', [tenant.id]),
    );
    assert.equal(kept.length, 1);
  });

  it('draw no more files together than fit into the memory', async () => {
    const { body: asset } = await upload(svg('<rect width="10" height="10"/>'), 'image/svg+xml');
    await system.api.services.database.transaction('designs', ({ sql }) =>
      sql('update designs.assets set bytes = $2 where id = $1', [asset.id, designLimits.drawnBytes + 1]),
    );
    const design = await save(documentOf([image(asset.id)]));
    const { state, failure } = await untilDrawn(design.id);
    assert.deepEqual([state, failure], ['failed', 'images.too_large']);
  });
});
