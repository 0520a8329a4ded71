import { z } from 'zod';
import { AssetRepository } from '../../db/designs/asset.repository.ts';
import type { Design, Version } from '../../db/designs/design.ts';
import { DesignRepository } from '../../db/designs/design.repository.ts';
import { findLink, linkNotFound, type Link } from '../../db/designs/link.repository.ts';
import { PreviewRepository } from '../../db/designs/preview.repository.ts';
import { VersionRepository } from '../../db/designs/version.repository.ts';
import type { Sql } from '../../db/sql.ts';
import { withAssets } from '../../domain/designs/content.ts';
import { linkTokenPattern } from '../../domain/designs/link-token.ts';
import { Failure } from '../../domain/failure.ts';
import { AssetStore, type IncomingAsset } from '../../services/designs/asset-store.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { DesignCommands } from './design.commands.ts';
import { created } from './design.routes.ts';
import { designShape, nameInput } from './design.schemas.ts';
import { presentPictures } from './preview.routes.ts';
import { sharedDesignShape } from './sharing.schemas.ts';

const tag = 'Sharing of designs';
const params = z.object({
  token: z
    .string()
    .length(46)
    .regex(linkTokenPattern)
    .meta({ example: `sd_${'a'.repeat(43)}` }),
});
const copy = z
  .strictObject({ name: nameInput.optional().meta({ description: 'The same name where left out.' }) })
  .default({})
  .meta({ id: 'SharedDesignCopy', example: { name: 'My own' } });

/** What a link leads to. One that was never made, has expired, was revoked or has lost its design answers alike. */
export function createSharedDesignRoutes({ database, storage }: Services): Route[] {
  const store = new AssetStore({ database, storage });
  return [
    route({
      method: 'get',
      path: '/v1/shared-designs/:token',
      summary: 'See a design by a link',
      tag,
      access: 'public',
      rate: 'read',
      params,
      responses: { 200: { description: 'The design.', body: sharedDesignShape } },
      failures: ['designs.link_not_found'],
      handler: async ({ params: { token } }) => {
        const { link, design, version, files } = await database.read('designs', async ({ sql }) => {
          const followed = await followLink(sql, token);
          const { tenantId } = followed.link;
          const { contentHash } = followed.version;
          return { ...followed, files: await new PreviewRepository(sql, tenantId).filesOf(contentHash) };
        });
        return {
          status: 200,
          body: {
            name: design.name,
            version: version.number,
            document: version.document,
            pictures: await presentPictures(storage, files),
            may_copy: link.mayCopy,
            expires_at: link.expiresAt.toISOString(),
          },
        };
      },
    }),
    route({
      method: 'post',
      path: '/v1/shared-designs/:token/duplicate',
      summary: 'Copy a design that a link shows',
      description: 'Into your organisation, also from another one.',
      tag,
      access: 'designs:write',
      rate: 'write',
      params,
      body: copy,
      idempotency: { domain: 'designs', mode: 'leased', leaseSeconds: 60 },
      responses: {
        201: { description: 'The copy.', body: designShape, headers: { Location: 'Where it is found.' } },
      },
      failures: [
        'designs.link_not_found',
        'designs.copy_refused',
        'designs.document_invalid',
        'designs.assets_full',
        'storage.full',
      ],
      handler: async (request) => {
        const { params: given, body, principal, signal } = request;
        const { tenantId, userId } = principal;
        const { link, design, version } = await database.read('designs', ({ sql }) =>
          followLink(sql, given.token),
        );
        if (!link.mayCopy)
          throw new Failure('designs.copy_refused', 'This link lets you see the design, and not copy it.');
        const isOurs = design.tenantId === tenantId;
        const assets = isOurs
          ? []
          : await database.read('designs', ({ sql }) =>
              new AssetRepository(sql, design.tenantId).find(version.assets),
            );
        // Each organisation has files of its own: what one deletes, the other keeps.
        const incoming: [string, IncomingAsset][] = [];
        for (const asset of assets) {
          const { name, format, width, height } = asset;
          const facts = { format, width, height, leftOut: [], madeOf: null };
          const content = await store.read(asset, signal);
          incoming.push([
            asset.id,
            await store.put(tenantId, { name, createdBy: userId }, content, facts, signal),
          ]);
        }
        const copied = await database.transaction('designs', async (transaction) => {
          for (const [, one] of incoming) await store.keep(transaction, tenantId, one);
          const document = withAssets(version.document, new Map(incoming.map(([id, one]) => [id, one.id])));
          // Whose design it was, another organisation does not keep.
          const origin = isOurs
            ? ({ kind: 'link', id: design.id, version: version.number } as const)
            : ({ kind: 'link' } as const);
          const content = { name: body.name ?? design.name, tags: [], document };
          return await new DesignCommands(transaction, request).create(content, origin, '');
        });
        return created(copied);
      },
    }),
  ];
}

/** @throws Failure `designs.link_not_found` */
async function followLink(
  sql: Sql,
  token: string,
): Promise<{ link: Link; design: Design; version: Version }> {
  const link = await findLink(sql, token);
  if (!link) throw linkNotFound();
  const { tenantId, designId } = link;
  const design = await new DesignRepository(sql, tenantId, null).get(designId);
  const version = await new VersionRepository(sql, tenantId, null).get(
    designId,
    link.version ?? design.version,
  );
  return { link, design, version };
}
