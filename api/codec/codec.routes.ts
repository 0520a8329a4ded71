import type { Payload } from '@temporalio/common';
import type { Context } from 'koa';
import { Failure } from '../../domain/failure.ts';
import type { Config } from '../../platform/config.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { SealingPayloadCodec } from '../../platform/temporal/payload-codec.ts';
import { WorkflowTenants } from '../../platform/temporal/tenant-sealing.ts';
import { StoredTenantKeys } from '../../services/identity/tenant-keys.ts';
import type { Principal } from '../principal.ts';
import { route, type Request, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { erasedPayload, fromJson, payloadsSchema, toJson, type PayloadsJson } from './payloads.ts';

const failures = [
  'identity.forbidden',
  'codec.payload_malformed',
  'codec.payload_altered',
  'codec.key_unknown',
] as const;

/**
 * For the Temporal Web UI and CLI: payloads are decoded and encoded by Temporal's protocol for codec servers. Only
 * operators may, and their decoding is logged. In development the Web UI of the same machine may as well, see
 * `isLocalUi`. In place of what belonged to an erased tenant stands a word of that.
 */
export function createCodecRoutes({ config, database, log }: Services): Route[] {
  const codec = new SealingPayloadCodec(config.ENCRYPTION_KEYS, {
    keys: new StoredTenantKeys(database, new SecretBox(config.ENCRYPTION_KEYS)),
    workflows: new WorkflowTenants(),
  });
  const decode = async (payload: Payload): Promise<Payload[]> => {
    try {
      return await codec.decode([payload]);
    } catch (error) {
      if (error instanceof Failure && error.code === 'codec.tenant_erased') return [erasedPayload];
      throw error;
    }
  };
  const localUis = config.DEVELOPMENT ? config.TEMPORAL_UI_ORIGIN.filter(isLoopbackOrigin) : [];
  const shared = {
    method: 'post',
    tag: 'Operations',
    // With a local UI the gateway lets everyone pass, and the handler decides.
    access: localUis.length > 0 ? 'public' : 'codec:read',
    rate: 'read',
    crossOrigins: config.TEMPORAL_UI_ORIGIN,
    headers: { 'X-Namespace': 'The namespace of the payloads. All have the same keys.' },
    body: payloadsSchema,
    responses: { 200: { description: 'As many, in the same order.', body: payloadsSchema } },
    failures,
  } as const;
  type Asked = Request<undefined, undefined, PayloadsJson, Principal | null>;
  const checkCaller = ({ principal, ctx }: Asked): void => {
    if (principal?.scopes.has('codec:read') || isLocalUi(ctx, localUis)) return;
    if (principal) throw new Failure('identity.forbidden', 'This needs the scope codec:read.');
    throw new Failure('identity.unauthenticated', 'Send an access token or an API key.');
  };
  return [
    route({
      ...shared,
      path: '/v1/codec/decode',
      summary: 'Decrypt payloads of workflows',
      handler: async (request) => {
        checkCaller(request);
        const decoded = (await Promise.all(fromJson(request.body).map(decode))).flat();
        log.info(
          {
            user_id: request.principal?.userId ?? null,
            payloads: decoded.length,
          },
          'payloads were decoded',
        );
        return { status: 200, body: toJson(decoded) };
      },
    }),
    route({
      ...shared,
      path: '/v1/codec/encode',
      summary: 'Encrypt payloads for workflows',
      handler: async (request) => {
        checkCaller(request);
        return { status: 200, body: toJson(await codec.encode(fromJson(request.body))) };
      },
    }),
  ];
}

function isLoopbackOrigin(origin: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(origin).hostname);
}

/**
 * Whether the request comes from a page of the development server's Web UI, which has no log-in to send along. A browser
 * tells the origin and no page can forge it; a program on this machine could, but it can read the keys from the folder
 * as well. Requests from other machines and through proxies are never taken for it.
 */
function isLocalUi(ctx: Context, localUis: Config['TEMPORAL_UI_ORIGIN']): boolean {
  const peer = ctx.req.socket.remoteAddress ?? '';
  return (
    localUis.includes(ctx.get('Origin')) &&
    ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(peer) &&
    ctx.get('X-Forwarded-For') === '' &&
    ctx.get('Forwarded') === ''
  );
}
