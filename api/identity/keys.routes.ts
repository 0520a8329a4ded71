import { z } from 'zod';
import { keyRotation } from '../../domain/identity/signing-keys.ts';
import { route, type Route } from '../route.ts';
import type { AccessTokens } from './access-tokens.ts';

const keySet = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('EC'),
        crv: z.literal('P-256'),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        alg: z.literal('ES256'),
        use: z.literal('sig'),
      }),
    ),
  })
  .meta({ id: 'KeySet' });

/** The public keys by which others verify our access tokens. */
export function createKeyRoutes(accessTokens: AccessTokens): Route[] {
  return [
    route({
      method: 'get',
      path: '/.well-known/jwks.json',
      summary: 'Public keys of access tokens',
      description:
        'A JSON Web Key Set (RFC 7517). A new key stands here for a quarter of an hour before it signs, an old one until ' +
        'its last token is over.',
      tag: 'Sessions',
      access: 'public',
      rate: 'read',
      responses: { 200: { description: 'The keys.', body: keySet } },
      handler: async () => ({
        status: 200,
        headers: { 'Cache-Control': `public, max-age=${keyRotation.publishedCache}` },
        body: await accessTokens.jwks(),
      }),
    }),
  ];
}
