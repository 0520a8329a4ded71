import assert from 'node:assert/strict';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTHeaderParameters } from 'jose';
import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { listSigningKeys } from '../../db/identity/signing-keys.repository.ts';
import { lifetimes } from '../../domain/identity/lifetimes.ts';
import { keyOverlap, keyRotation } from '../../domain/identity/signing-keys.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { rotateSigningKeys } from '../../services/identity/signing-keys.ts';
import { makeSession } from '../../test/support/accounts.ts';
import type { Caller } from '../../test/support/api.ts';
import { startIdentityApi, type IdentityApi } from '../../test/support/identity.ts';
import { shiftClock } from '../../test/support/shifted-clock.ts';
import { AccessTokens } from './access-tokens.ts';

describe('access tokens', () => {
  let api: IdentityApi;
  let caller: Caller;
  let sessionId: string;
  let box: SecretBox;
  before(async () => {
    api = await startIdentityApi();
    caller = (await api.tenant()).owner;
    sessionId = await makeSession(api.services.database, caller);
    box = new SecretBox(api.services.config.ENCRYPTION_KEYS);
  });
  after(() => api?.close());

  const tokensAt = (now: () => number, issuer = api.url) =>
    new AccessTokens({ database: api.services.database, box, issuer, now });
  const issue = async (now = Date.now(), issuer = api.url) =>
    (await tokensAt(() => now, issuer).issue({ ...caller, sessionId })).token;
  const statusWith = async (token: string) =>
    (await api.client.as({ authorization: `Bearer ${token}` }).get('/v1/users/me')).status;
  const keysOf = () => api.services.database.read('identity', ({ sql }) => listSigningKeys(sql));

  /** The present key's private part: what only the server has. */
  async function realKey() {
    const [key] = await keysOf();
    assert.ok(key);
    const jwk = JSON.parse(box.open(key.privateBox, `identity.signing_keys/${key.id}`)) as object;
    return {
      kid: key.id,
      key: await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']),
    };
  }
  const claims = () => ({ tenant: caller.tenantId, role: 'owner', sid: sessionId });
  const sign = async (
    header: JWTHeaderParameters,
    change: { iss?: string; aud?: string; exp?: number | string; nbf?: number } = {},
  ) =>
    await new SignJWT({ ...claims(), ...(change.nbf === undefined ? {} : { nbf: change.nbf }) })
      .setProtectedHeader(header)
      .setSubject(caller.userId)
      .setIssuer(change.iss ?? api.url)
      .setAudience(change.aud ?? 'perdure')
      .setIssuedAt()
      .setExpirationTime(change.exp ?? '5 minutes')
      .sign((await realKey()).key);

  it('are taken as they were issued', async () => {
    assert.equal(await statusWith(await issue()), 200);
    const { kid } = await realKey();
    assert.equal(await statusWith(await sign({ alg: 'ES256', typ: 'at+jwt', kid })), 200);
  });

  it('are over after ten minutes', async () => {
    const token = await issue();
    const later = Date.now() + lifetimes.accessToken * 1_000;
    assert.equal((await tokensAt(() => later - 2_000).verify(token)).userId, caller.userId);
    await assert.rejects(tokensAt(() => later + 1_000).verify(token), { code: 'identity.unauthenticated' });
    const { kid } = await realKey();
    const over = Math.floor(Date.now() / 1_000) - 1;
    assert.equal(await statusWith(await sign({ alg: 'ES256', typ: 'at+jwt', kid }, { exp: over })), 401);
  });

  it('are refused before their time', async () => {
    const { kid } = await realKey();
    const header = { alg: 'ES256', typ: 'at+jwt', kid };
    const now = Math.floor(Date.now() / 1_000);
    assert.equal(await statusWith(await sign(header, { nbf: now - 60 })), 200);
    assert.equal(await statusWith(await sign(header, { nbf: now + 60 })), 401);
  });

  it('are refused once their session has been ended, and in any place but the one header', async () => {
    const mine = await makeSession(api.services.database, caller);
    const { token } = await tokensAt(Date.now).issue({ ...caller, sessionId: mine });
    assert.equal(await statusWith(token), 200);
    const { status } = await api.client.get('/v1/users/me', { headers: { cookie: `access_token=${token}` } });
    assert.equal(status, 401);
    assert.equal((await api.client.get('/v1/users/me', { query: { access_token: token } })).status, 401);
    const me = api.client.as({ authorization: `Bearer ${token}` });
    assert.equal((await me.delete('/v1/sessions/current')).status, 204);
    assert.equal(await statusWith(token), 401);
  });

  it('are refused from another issuer, for another audience, of another type, or without an end', async () => {
    const { kid } = await realKey();
    const header = { alg: 'ES256', typ: 'at+jwt', kid };
    assert.equal(await statusWith(await sign(header, { iss: 'https://elsewhere.example' })), 401);
    assert.equal(await statusWith(await sign(header, { aud: 'another-service' })), 401);
    assert.equal(await statusWith(await sign({ ...header, typ: 'JWT' })), 401);
    assert.equal(await statusWith(await sign({ alg: 'ES256', typ: 'at+jwt', kid: uuidv7() })), 401);
    const endless = await new SignJWT(claims())
      .setProtectedHeader(header)
      .setSubject(caller.userId)
      .setIssuer(api.url)
      .setAudience('perdure')
      .setIssuedAt()
      .sign((await realKey()).key);
    assert.equal(await statusWith(endless), 401);
  });

  it('are refused without a signature, or signed by anything but our keys', async () => {
    const unsigned = new UnsecuredJWT(claims())
      .setSubject(caller.userId)
      .setIssuer(api.url)
      .setAudience('perdure')
      .setIssuedAt()
      .setExpirationTime('5 minutes')
      .encode();
    assert.equal(await statusWith(unsigned), 401);

    const [key] = await keysOf();
    const foreign = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(foreign.publicKey);
    const own = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key?.id ?? '', jwk })
      .setSubject(caller.userId)
      .setIssuer(api.url)
      .setAudience('perdure')
      .setIssuedAt()
      .setExpirationTime('5 minutes')
      .sign(foreign.privateKey);
    assert.equal(await statusWith(own), 401);

    // The old confusion: the public key, in whichever form, as the secret of an HMAC.
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const [, payload = '', signature] = own.split('.');
    const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: key?.id })}.${payload}`;
    const publicKey = createPublicKey({ key: key?.publicJwk as JsonWebKey, format: 'jwk' });
    for (const secret of [
      JSON.stringify(key?.publicJwk),
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      '',
    ]) {
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      assert.equal(await statusWith(`${input}.${mac}`), 401);
    }

    // No algorithm by any other spelling, a key from the caller's own server, an extension that must be understood.
    const header = { alg: 'ES256', typ: 'at+jwt', kid: key?.id };
    for (const forged of [
      { ...header, alg: 'None' },
      { ...header, alg: 'nOnE' },
      { ...header, jku: 'https://elsewhere.example/jwks.json' },
      { ...header, crit: ['exp'], exp: 1 },
      { alg: 'ES256', typ: 'at+jwt' },
    ]) {
      for (const tail of ['', signature]) {
        assert.equal(await statusWith(`${encode(forged)}.${payload}.${tail}`), 401, JSON.stringify(forged));
      }
    }
  });

  it('are refused when a claim is changed', async () => {
    const [header, payload = '', signature] = (await issue()).split('.');
    const changed = {
      ...JSON.parse(Buffer.from(payload, 'base64url').toString()),
      role: 'operator',
      tenant: uuidv7(),
    };
    const forged = [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
    assert.equal(await statusWith(forged), 401);
  });

  it('say nothing about the role that counts: the membership does', async () => {
    const tenant = await api.tenant();
    const admin = api.client.as(tenant.admin);
    assert.equal((await admin.get('/v1/members')).status, 200);
    await api.client.as(tenant.owner).patch(`/v1/members/${tenant.admin.userId}`, { role: 'viewer' });
    assert.equal((await admin.get('/v1/members')).status, 403);
  });

  it('go on across a rotation of keys, which are published before they sign and until nobody needs them', async () => {
    const { database } = api.services;
    const start = Date.now();
    const due = start + keyRotation.every * 1_000;
    const before = await keysOf();
    assert.deepEqual(await rotateSigningKeys(database, box, new Date(start)), { added: null, removed: [] });
    // Whose clock is wrong does not rotate them early.
    const setRight = shiftClock(keyRotation.every + 60);
    const wrong = await rotateSigningKeys(database, box).finally(setRight);
    assert.deepEqual(wrong, { added: null, removed: [] });
    const rotations = await Promise.all([1, 2].map(() => rotateSigningKeys(database, box, new Date(due))));
    assert.equal(rotations.filter(({ added }) => added).length, 1);
    const added = rotations.find((rotation) => rotation.added)?.added;

    let now = due;
    const tokens = tokensAt(() => now);
    const kidOf = async () => {
      const { token } = await tokens.issue({ ...caller, sessionId });
      return (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string })
        .kid;
    };
    assert.equal((await tokens.jwks()).keys.length, 2);
    now = due + keyRotation.lead * 1_000 - 1_000;
    assert.equal(await kidOf(), before[0]?.id);
    const { token: lastOfOld } = await tokens.issue({ ...caller, sessionId });
    now += 2_000;
    assert.equal(await kidOf(), added);
    assert.equal((await tokens.verify(lastOfOld)).userId, caller.userId);

    const early = await rotateSigningKeys(database, box, new Date(due + keyRotation.lead * 1_000 + 1_000));
    assert.deepEqual(early.removed, []);
    const late = due + (keyRotation.lead + keyOverlap + 1) * 1_000;
    assert.deepEqual((await rotateSigningKeys(database, box, new Date(late))).removed, [before[0]?.id]);
  });
});
