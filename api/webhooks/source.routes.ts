import { z } from 'zod';
import { SourceRepository, type OwnedSource } from '../../db/webhooks/source.repository.ts';
import { ifOpens } from '../../platform/crypto/secret-box.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { SourceCommands } from './source.commands.ts';
import { newSource, rotation, sourceChange, sourceShape, sourceWithSecret } from './source.schemas.ts';

const tag = 'Webhook sources';
const params = z.object({ id: z.uuid() });
const etag = { ETag: 'Version of the source. Send it as `If-Match` with a change.' };
const one = { 200: { description: 'The source.', body: sourceShape, headers: etag } };
const notFound = 'webhooks.source_not_found' as const;

/** Addresses that all sources of a kind share. */
const sharedPaths: Readonly<Record<string, readonly string[]>> = {
  shopify: ['/webhooks/shopify/orders', '/webhooks/shopify/products'],
  stripe: ['/webhooks/stripe/payment'],
  easypost: ['/webhooks/easypost/tracking'],
};

/** Who may send webhooks, and how they prove themselves. */
export function createSourceRoutes({ database, config }: Services): Route[] {
  const secrets = new SourceSecrets(config.ENCRYPTION_KEYS);
  const commands = new SourceCommands(secrets);
  const pages = new Pages(config.ENCRYPTION_KEYS);

  const present = (source: OwnedSource): z.input<typeof sourceShape> => ({
    id: source.id,
    kind: source.kind,
    name: source.name,
    shop_domain: source.account,
    state: source.state,
    url: `${config.PUBLIC_URL}/webhooks/in/${source.id}`,
    shared_urls: source.isAmongShared
      ? (sharedPaths[source.kind] ?? []).map((path) => config.PUBLIC_URL + path)
      : [],
    verifier: source.verifier,
    reading: source.reading,
    hold_unknown: source.holdUnknown,
    // Those that can't be opened any more prove nothing.
    secrets: (ifOpens(() => secrets.open(source)) ?? [])
      .filter(({ until }) => until === null || Date.parse(until) > Date.now())
      .map(({ value, until }) => ({ hint: `…${value.slice(-3)}`, good_until: until })),
    reconciles: source.credentials !== null,
    reconciled_until: source.reconciledUntil && new Date(source.reconciledUntil).toISOString(),
    reconcile_error: source.reconcileError,
    created_at: new Date(source.createdAt).toISOString(),
    updated_at: new Date(source.updatedAt).toISOString(),
  });
  const show = (status: number, source: OwnedSource, more: object = {}) => ({
    status,
    headers: { ETag: etagOf(source.version) },
    body: { ...present(source), ...more },
  });

  return [
    route({
      method: 'post',
      path: '/v1/webhook-sources',
      summary: 'Add a source of webhooks',
      description:
        'Of Shopify, Stripe and EasyPost give the secret that they have shown. The answer names the addresses to tell them.',
      tag,
      access: 'webhooks:write',
      rate: 'write',
      body: newSource,
      idempotency: { domain: 'webhooks', mode: 'transaction', showsSecret: true },
      responses: {
        201: {
          description: 'It is there.',
          body: sourceWithSecret,
          headers: { ...etag, Location: 'Its address here.' },
        },
      },
      failures: ['webhooks.source_invalid', 'webhooks.source_taken', 'webhooks.too_many_sources'],
      handler: async ({ principal, body }, transaction) => {
        const { source, made } = await commands.create(transaction, principal, body);
        const shown = show(201, source, { secret: made });
        return { ...shown, headers: { ...shown.headers, Location: `/v1/webhook-sources/${source.id}` } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/webhook-sources',
      summary: 'Sources of webhooks',
      description: 'Newest first.',
      tag,
      access: 'webhooks:read',
      rate: 'read',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of them.', body: pageOf(sourceShape) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => ({
        status: 200,
        body: await pages.read({
          list: 'webhook-sources',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('webhooks', ({ sql }) =>
              new SourceRepository(sql, tenantId).list(limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present,
        }),
      }),
    }),
    route({
      method: 'get',
      path: '/v1/webhook-sources/:id',
      summary: 'One source of webhooks',
      tag,
      access: 'webhooks:read',
      rate: 'read',
      params,
      responses: one,
      failures: [notFound],
      handler: async ({ principal: { tenantId }, params: { id } }) =>
        show(200, await database.read('webhooks', ({ sql }) => new SourceRepository(sql, tenantId).get(id))),
    }),
    route({
      method: 'patch',
      path: '/v1/webhook-sources/:id',
      summary: 'Change a source of webhooks',
      description: 'What is not named stays.',
      tag,
      access: 'webhooks:write',
      rate: 'write',
      params,
      body: sourceChange,
      ifMatch: true,
      responses: one,
      failures: [notFound, 'webhooks.source_invalid', 'request.precondition_failed'],
      handler: async ({ principal, params: { id }, body, ctx }) =>
        show(
          200,
          await database.transaction('webhooks', (transaction) =>
            commands.change(transaction, principal, id, body, (version) => requireMatch(ctx, version)),
          ),
        ),
    }),
    route({
      method: 'delete',
      path: '/v1/webhook-sources/:id',
      summary: 'Remove a source of webhooks',
      description: 'What it has sent is forgotten with it. What became of that stays.',
      tag,
      access: 'webhooks:write',
      rate: 'write',
      params,
      ifMatch: true,
      responses: { 204: { description: 'It is gone.' } },
      failures: [notFound, 'request.precondition_failed'],
      handler: async ({ principal, params: { id }, ctx }) => {
        await database.transaction('webhooks', (transaction) =>
          commands.delete(transaction, principal, id, (version) => requireMatch(ctx, version)),
        );
        return { status: 204 };
      },
    }),
    route({
      method: 'post',
      path: '/v1/webhook-sources/:id/rotate-secret',
      summary: 'Give a source a new secret',
      description: 'The former one is good for the grace as well.',
      tag,
      access: 'webhooks:write',
      rate: 'write',
      params,
      body: rotation,
      idempotency: { domain: 'webhooks', mode: 'transaction', showsSecret: true },
      responses: { 200: { description: 'It has one.', body: sourceWithSecret, headers: etag } },
      failures: [notFound],
      handler: async ({ principal, params: { id }, body }, transaction) => {
        const { source, made } = await commands.rotate(transaction, principal, id, body);
        return show(200, source, { secret: made });
      },
    }),
    ...(
      [
        ['pause', 'paused', 'Keep what a source sends, and process none of it'],
        ['resume', 'active', 'Process what a source sends, and what has come meanwhile'],
      ] as const
    ).map(([word, state, summary]) =>
      route({
        method: 'post',
        path: `/v1/webhook-sources/:id/${word}`,
        summary,
        tag,
        access: 'webhooks:write',
        rate: 'write',
        params,
        idempotency: { domain: 'webhooks', mode: 'transaction' },
        responses: one,
        failures: [notFound],
        handler: async ({ principal, params: { id } }, transaction) =>
          show(200, await commands.setState(transaction, principal, id, state)),
      }),
    ),
  ];
}
