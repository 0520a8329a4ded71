import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { AssetStore } from '../../services/designs/asset-store.ts';
import { accepted, eventsOf } from './outcome.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import type { Stage } from './stage.ts';

/** Of what is drawn: not of how often each mark of the relay is made on the way. */
const points = /^(start of the workflow|\w+(Preview|Optimisation|Asset)|picture in work|half of a file) /;

/** A picture that can be made smaller, and no two pixels of which are alike. */
async function plantPicture(stage: Stage): Promise<string> {
  const { database, storage, tenantId, userId } = stage;
  assert.ok(storage);
  const pixels = Buffer.from(Array.from({ length: 120_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24));
  const content = await sharp(pixels, { raw: { width: 200, height: 200, channels: 3 } })
    .png()
    .toBuffer();
  const store = new AssetStore({ database, storage });
  const facts = { format: 'png' as const, width: 200, height: 200, leftOut: [], madeOf: null };
  const incoming = await store.put(tenantId, { name: 'Noise', createdBy: userId }, content, facts);
  const { id } = await database.transaction('designs', (transaction) =>
    store.keep(transaction, tenantId, incoming),
  );
  return id;
}

async function saveDesign(stage: Stage): Promise<string> {
  const asset_id = await plantPicture(stage);
  const layers = [
    { type: 'image', id: 'picture', x: 0, y: 0, width: 20, height: 20, asset_id },
    { type: 'text', id: 'name', x: 20, y: 15, size: 6, text: 'Bella' },
  ];
  const document = { format: 1, canvas: { width: 40, height: 20, unit: 'px' }, layers };
  const { status, body } = await stage.caller.command('/v1/designs', () => ({ name: 'A tag', document }));
  assert.equal(status, 201, JSON.stringify(body));
  return `/v1/designs/${body.id}`;
}

const hasEnded = async ({ caller }: Stage, address: string): Promise<boolean> =>
  (await caller.read(address)).body.state !== 'requested';

/** Every file under the name of a picture or an asset is whole, and each that is told of is there. */
async function requireWholeFiles({ database, storage, tenantId }: Stage): Promise<void> {
  assert.ok(storage);
  const known = await database.read('designs', ({ sql }) =>
    sql<{ key: string; bytes: number }>(
      `select f ->> 'key' as key, (f ->> 'bytes')::int as bytes
       from designs.previews p, jsonb_array_elements(p.files) f where p.tenant_id = $1
       union all select object_key, bytes::int from designs.assets where tenant_id = $1 and state = 'stored'`,
      [tenantId],
    ),
  );
  const found = new Map<string, number>();
  for await (const { key, bytes } of storage.list(`designs/${tenantId}/`)) {
    found.set(key, bytes);
    const content = await Array.fromAsync(await storage.get(key));
    // It decodes to its last line.
    await sharp(Buffer.concat(content), { failOn: 'truncated' }).raw().toBuffer();
  }
  for (const { key, bytes } of known) assert.equal(found.get(key), bytes, key);
}

/** A design that is drawn: each picture once, in the same bytes, and told of once. */
export const previewProcess: ProcessUnderTest = {
  name: 'design that is drawn',
  domains: ['designs'],
  // What has failed of a fault is looked at again ever more rarely: not within ten seconds of its end, by right.
  underFaults: false,
  points,
  submit: async (stage) => {
    const design = await saveDesign(stage);
    const { status, body } = await stage.caller.command(`${design}/previews`, () => ({ sizes: [64] }));
    assert.equal(status, 202, JSON.stringify(body));
    return `${design}/previews/${body.id}`;
  },
  hasEnded,
  outcome: async (stage, address) => {
    const { body: preview } = await stage.caller.read(address);
    await requireWholeFiles(stage);
    const pictures = preview.pictures.map(
      async ({ url, width, height, format, bytes }: Record<string, string>) => {
        const content = Buffer.from(await (await fetch(url ?? '')).arrayBuffer());
        return [width, height, format, bytes, createHash('sha256').update(content).digest('hex')];
      },
    );
    return {
      result: { state: preview.state, pictures: await Promise.all(pictures) },
      told: await eventsOf(stage, `preview:${preview.id}`, 'designs'),
    };
  },
};

/** A design that is made smaller: one next version, one smaller copy, one report. */
export const optimisationProcess: ProcessUnderTest = {
  name: 'design that is made smaller',
  domains: ['designs'],
  underFaults: false,
  points,
  submit: async (stage) => {
    const design = await saveDesign(stage);
    return accepted(await stage.caller.command(`${design}/optimisations`, () => ({ quality: 70 })));
  },
  hasEnded,
  outcome: async (stage, address) => {
    const { caller, database, tenantId } = stage;
    const { body: optimisation } = await caller.read(address);
    const [design = ''] = address.split('/optimisations/');
    const { body: now } = await caller.read(design);
    await requireWholeFiles(stage);
    const copies = await database.read('designs', ({ sql }) =>
      sql<{ bytes: number }>(
        `select bytes::int as bytes from designs.assets
         where tenant_id = $1 and state = 'stored' and made_of is not null`,
        [tenantId],
      ),
    );
    return {
      result: {
        state: optimisation.state,
        bytes: [optimisation.report.bytes_before, optimisation.report.bytes_after],
        versions: [optimisation.new_version, now.version],
        copies,
      },
      told: [
        await eventsOf(stage, `optimisation:${optimisation.id}`, 'designs'),
        await eventsOf(stage, design.replace('/v1/designs/', 'design:'), 'designs'),
      ],
    };
  },
};
