import { MockActivityEnvironment } from '@temporalio/testing';
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import sharp from 'sharp';
import { createDesignsRoutes } from '../../api/designs/routes.ts';
import type { Database } from '../../db/database.ts';
import type { Failure } from '../../domain/failure.ts';
import { ImageProcesses } from '../../platform/images/image-process.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { startTestApi, type ApiClient, type Tenant, type TestApi } from '../../test/support/api.ts';
import { createOptimisationActivities } from './optimisation.activities.ts';
import { mostCrashes } from './picture-work.ts';
import { createPreviewActivities } from './preview.activities.ts';

class Crash extends Error {}

describe('Drawing and optimising that break off at any effect', function () {
  this.timeout(180_000);
  let api: TestApi;
  let tenant: Tenant;
  let member: ApiClient;
  const images = new ImageProcesses();
  before(async () => {
    api = await startTestApi(createDesignsRoutes);
    tenant = await api.tenant();
    member = api.client.as(tenant.member);
  });
  after(() => api?.close());

  /** The parts of a worker that dies at its `at`-th step: just before or just after a file or a transaction is there. */
  const dying = (at: number): { database: Database; storage: ObjectStorage } => {
    let steps = 0;
    const step = (): void => {
      if (steps++ === at) throw new Crash();
    };
    const { database, storage } = api.services;
    const around = async <T>(work: () => Promise<T>): Promise<T> => {
      step();
      const done = await work();
      step();
      return done;
    };
    return {
      database: {
        read: database.read.bind(database),
        transaction: (...given: Parameters<Database['transaction']>) =>
          around(() => database.transaction(...given)),
      } as unknown as Database,
      storage: {
        get: storage.get.bind(storage),
        head: storage.head.bind(storage),
        put: (...given: Parameters<ObjectStorage['put']>) => around(() => storage.put(...given)),
      } as unknown as ObjectStorage,
    };
  };

  /** Runs work with a worker that dies at each of its steps in turn, and once more with one that lives. */
  const atEveryStep = async (
    work: (parts: { database: Database; storage: ObjectStorage }) => Promise<void>,
    prepare: () => Promise<void>,
    check: () => Promise<void>,
  ): Promise<number> => {
    for (let at = 0; ; at += 1) {
      await prepare();
      let crashed = false;
      await work(dying(at)).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error;
        crashed = true;
      });
      await work(api.services);
      await check();
      if (!crashed) return at;
    }
  };
  /** In an activity, which would log what it fails of. */
  const run = async (work: () => Promise<unknown>): Promise<void> => {
    let failure: unknown = null;
    await new MockActivityEnvironment().run(async () => {
      await work().catch((error: unknown) => {
        failure = error;
      });
    });
    if (failure !== null) throw failure as Error;
  };
  const countEvents = async (type: string, subject: string): Promise<number> => {
    const rows = await api.services.database.read('designs', ({ sql }) =>
      sql('select 1 from designs.outbox where type = $1 and subject = $2', [type, subject]),
    );
    return rows.length;
  };
  /** Kills each process for images that is started meanwhile: as soon as it is there, or once it has heard its task. */
  const killing = async (when: 'spawn' | 'begun', work: () => Promise<void>): Promise<void> => {
    const kill = (message: unknown): void => {
      const { process: child } = message as { process: ChildProcess };
      child.once(when === 'spawn' ? 'spawn' : 'message', () => {
        // Should it be done already, nobody hears of it.
        if (when === 'begun') child.removeAllListeners('message');
        child.kill('SIGKILL');
      });
    };
    subscribe('child_process', kill);
    try {
      await work();
    } finally {
      unsubscribe('child_process', kill);
    }
  };
  let design = '';
  let count = 0;
  const save = async (assetId: string): Promise<void> => {
    const layer = { type: 'image', id: 'i', x: 0, y: 0, width: 20, height: 20, asset_id: assetId };
    const text = { type: 'text', id: 't', x: 0, y: 9, size: 9, text: `no ${(count += 1)}` };
    const canvas = { width: 40, height: 20, unit: 'px' };
    const { status, body } = await member.post('/v1/designs', {
      name: 'Crash',
      document: { format: 1, canvas, layers: [layer, text] },
    });
    assert.equal(status, 201, JSON.stringify(body));
    design = body.id;
  };
  const upload = async (): Promise<string> => {
    const pixels = Buffer.from(Array.from({ length: 120_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24));
    const content = await sharp(pixels, { raw: { width: 200, height: 200, channels: 3 } })
      .png()
      .toBuffer();
    const { body } = await member.send('post', '/v1/design-assets', content, {
      query: { name: 'Noise' },
      headers: { 'content-type': 'image/png' },
    });
    return body.id;
  };

  it('leave each picture drawn once, and told of once', async () => {
    const asset = await upload();
    let preview = '';
    const steps = await atEveryStep(
      (parts) =>
        run(() =>
          createPreviewActivities(parts, images).drawPreview({ previewId: preview, tenantId: tenant.id }),
        ),
      async () => {
        await save(asset);
        preview = (await member.post(`/v1/designs/${design}/previews`, { sizes: [32] })).body.id;
      },
      async () => {
        const { body } = await member.get(`/v1/designs/${design}/previews/${preview}`);
        assert.deepEqual([body.state, body.pictures.length], ['ready', 2]);
        assert.equal(await countEvents('design.preview_ready', `preview:${preview}`), 1);
      },
    );
    assert.equal(steps, 6);
  });

  it('leave nothing when the process of the picture is killed over it, and are done by the next', async () => {
    await save(await upload());
    const { body } = await member.post(`/v1/designs/${design}/previews`, { sizes: [48] });
    const input = { previewId: body.id, tenantId: tenant.id };
    const files = async () =>
      await Array.fromAsync(api.services.storage.list(`designs/${tenant.id}/pictures/${body.content_hash}/`));
    await killing('begun', () =>
      assert.rejects(
        run(() => createPreviewActivities(api.services, images).drawPreview(input)),
        // Without a time to wait, so that the gaps grow.
        (error: Failure) => error.code === 'images.process_lost' && !('retryAfter' in error.details),
      ),
    );
    assert.deepEqual(await files(), []);
    assert.equal(await countEvents('design.preview_ready', `preview:${body.id}`), 0);
    await run(() => createPreviewActivities(api.services, images).drawPreview(input));
    assert.equal((await files()).length, 2);
    assert.equal(await countEvents('design.preview_ready', `preview:${body.id}`), 1);
  });

  it('give up a picture that has killed what works on it again and again, and blame it for nothing else', async () => {
    const asset = await upload();
    await save(asset);
    const preview = (await member.post(`/v1/designs/${design}/previews`, { sizes: [40] })).body.id;
    const optimisation = (await member.post(`/v1/designs/${design}/optimisations`, { quality: 40 })).body.id;
    const previews = createPreviewActivities(api.services, images);
    const optimisations = createOptimisationActivities(api.services, images);
    const ofOptimisation = { optimisationId: optimisation, tenantId: tenant.id };
    const [planned] = (await optimisations.planOptimisation(ofOptimisation))?.assets ?? [];
    assert.ok(planned);
    const works = {
      previews: [preview, () => run(() => previews.drawPreview({ previewId: preview, tenantId: tenant.id }))],
      optimisations: [
        optimisation,
        () => run(() => optimisations.compressAsset({ ...ofOptimisation, ...planned })),
      ],
    } as const;
    const { storage } = api.services;
    const key = `designs/${tenant.id}/assets/${asset}`;
    const content = Buffer.concat(await Array.fromAsync(await storage.get(key)));
    for (const [table, [id, work]] of Object.entries(works)) {
      const crashes = async (set: number | null = null): Promise<number> => {
        const [row] = await api.services.database.read('designs', ({ sql }) =>
          sql<{ crashes: number }>(
            `update designs.${table} set crashes = coalesce($2, crashes) where id = $1 returning crashes`,
            [id, set],
          ),
        );
        return row?.crashes ?? assert.fail();
      };
      await killing('spawn', () => assert.rejects(work(), { code: 'service.unavailable' }));
      assert.equal(await crashes(), 0, table);
      await storage.put(key, Buffer.from('no picture'), { contentType: 'image/png', maxBytes: 100 });
      await assert.rejects(work(), { code: 'images.undrawable', kind: 'unprocessable' });
      assert.equal(await crashes(), 0, table);
      await storage.put(key, content, { contentType: 'image/png', maxBytes: content.length });
      await killing('begun', () =>
        assert.rejects(work(), { code: 'images.process_lost', kind: 'unavailable' }),
      );
      assert.equal(await crashes(), 1, table);
      await crashes(mostCrashes);
      await assert.rejects(work(), { code: 'images.undrawable', kind: 'unprocessable' });
      await crashes(mostCrashes - 1);
      await work();
    }
  });

  it('leave one next version, and one smaller copy', async () => {
    const asset = await upload();
    let quality = 60;
    let optimisation = '';
    const steps = await atEveryStep(
      async (parts) => {
        const activities = createOptimisationActivities(parts, images);
        const input = { optimisationId: optimisation, tenantId: tenant.id };
        await run(async () => {
          const plan = await activities.planOptimisation(input);
          const assets = [];
          for (const one of plan?.assets ?? [])
            assets.push(await activities.compressAsset({ ...input, ...one }));
          if (plan) await activities.applyOptimisation({ ...input, assets });
        });
      },
      async () => {
        await save(asset);
        // Of another quality, so that it is another copy each time.
        quality += 1;
        optimisation = (await member.post(`/v1/designs/${design}/optimisations`, { quality })).body.id;
      },
      async () => {
        const { body } = await member.get(`/v1/designs/${design}/optimisations/${optimisation}`);
        assert.deepEqual([body.state, body.new_version], ['completed', 2]);
        assert.equal((await member.get(`/v1/designs/${design}`)).body.version, 2);
        assert.equal(await countEvents('design.optimised', `optimisation:${optimisation}`), 1);
        const copies = await api.services.database.read('designs', ({ sql }) =>
          sql(`select 1 from designs.assets where state = 'stored' and made_of ->> 'quality' = $1`, [
            String(quality),
          ]),
        );
        assert.equal(copies.length, 1);
      },
    );
    assert.equal(steps, 8);
  });

  it('leave a picture as it was whose smaller copy is deleted before it is shown', async () => {
    const asset = await upload();
    await save(asset);
    const { body } = await member.post(`/v1/designs/${design}/optimisations`, { quality: 50 });
    const input = { optimisationId: body.id, tenantId: tenant.id };
    const activities = createOptimisationActivities(api.services, images);
    await run(async () => {
      const plan = await activities.planOptimisation(input);
      const [planned] = plan?.assets ?? [];
      assert.ok(planned);
      const copy = await activities.compressAsset({ ...input, ...planned });
      assert.ok(copy.replacementId);
      assert.equal((await member.delete(`/v1/design-assets/${copy.replacementId}`)).status, 204);
      const { state } = await activities.applyOptimisation({ ...input, assets: [copy] });
      assert.equal(state, 'unchanged');
    });
    const { version, document } = (await member.get(`/v1/designs/${design}`)).body;
    assert.deepEqual([version, document.layers[0].asset_id], [1, asset]);
  });
});
