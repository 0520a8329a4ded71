import { errors, importJWK, jwtVerify, SignJWT, type CryptoKey, type JWK } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import type { SigningKey } from '../../db/identity/signing-keys.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { lifetimes } from '../../domain/identity/lifetimes.ts';
import type { Role } from '../../domain/identity/roles.ts';
import { keyRotation, signingAlgorithm, signingKeyAt } from '../../domain/identity/signing-keys.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { ensureSigningKeys, signingKeyContext } from '../../services/identity/signing-keys.ts';
import type { Services } from '../services.ts';

/** Who our access tokens are for. */
const audience = 'perdure';

/** RFC 9068: no other kind of JWT that we might sign one day passes for an access token. */
const tokenType = 'at+jwt';

/** Least time between two reads of the table for the sake of a key that is not known, in milliseconds. */
const unknownKeyPause = 2_000;

const claimsShape = z.object({ sub: z.uuid(), tenant: z.uuid(), sid: z.uuid(), exp: z.number() });

export interface AccessClaims {
  userId: string;
  tenantId: string;
  sessionId: string;
}

interface KnownKeys {
  loadedAt: number;
  keys: SigningKey[];
  publicKeys: Map<string, CryptoKey>;
  /** Opened when first needed: a key that only verifies needs no private part. */
  privateKeys: Map<string, Promise<CryptoKey>>;
}

/**
 * Issues and verifies access tokens: JWT by ES256, ten minutes, with the key that the table names. All processes share
 * the keys through the table and go by what they read for a minute.
 */
export class AccessTokens {
  readonly #database: Database;
  readonly #box: SecretBox;
  readonly #issuer: string;
  readonly #now: () => number;
  #loading: Promise<KnownKeys> | null = null;

  constructor(parts: { database: Database; box: SecretBox; issuer: string; now?: () => number }) {
    this.#database = parts.database;
    this.#box = parts.box;
    this.#issuer = parts.issuer;
    this.#now = parts.now ?? Date.now;
  }

  async issue(claims: AccessClaims & { role: Role }): Promise<{ token: string; expiresIn: number }> {
    const known = await this.#known();
    const now = this.#now();
    const key = signingKeyAt(known.keys, new Date(now));
    if (!key) throw new Error('No key may sign access tokens.');
    const privateKey = await this.#privateKey(known, key);
    const seconds = Math.floor(now / 1_000);
    const token = await new SignJWT({ tenant: claims.tenantId, role: claims.role, sid: claims.sessionId })
      .setProtectedHeader({ alg: signingAlgorithm, typ: tokenType, kid: key.id })
      .setIssuer(this.#issuer)
      .setAudience(audience)
      .setSubject(claims.userId)
      .setJti(uuidv7())
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + lifetimes.accessToken)
      .sign(privateKey);
    return { token, expiresIn: lifetimes.accessToken };
  }

  /** The claims of a token of ours that is in force, and when it is over. Throws `identity.unauthenticated` for any other. */
  async verify(token: string): Promise<AccessClaims & { expiresAt: number }> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.#publicKey(kid), {
        algorithms: [signingAlgorithm],
        typ: tokenType,
        issuer: this.#issuer,
        audience,
        requiredClaims: ['exp', 'iat', 'sub'],
        currentDate: new Date(this.#now()),
      });
      const { sub, tenant, sid, exp } = claimsShape.parse(payload);
      return { userId: sub, tenantId: tenant, sessionId: sid, expiresAt: exp * 1_000 };
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) {
        throw new Failure('identity.unauthenticated', 'The access token is wrong or old.');
      }
      throw error;
    }
  }

  /** The public keys, as RFC 7517 has them. */
  async jwks(): Promise<{ keys: JWK[] }> {
    const { keys } = await this.#known();
    return {
      keys: keys.map((key) => ({
        ...(key.publicJwk as JWK),
        kid: key.id,
        alg: signingAlgorithm,
        use: 'sig',
      })),
    };
  }

  async #publicKey(kid: string | undefined): Promise<CryptoKey> {
    if (!kid) throw new errors.JWKSNoMatchingKey();
    let known = await this.#known();
    if (!known.publicKeys.has(kid) && this.#now() - known.loadedAt > unknownKeyPause) {
      known = await this.#load();
    }
    const key = known.publicKeys.get(kid);
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key;
  }

  async #known(): Promise<KnownKeys> {
    const known = await (this.#loading ?? this.#load());
    if (this.#now() - known.loadedAt < keyRotation.ownCache * 1_000) return known;
    return await this.#load();
  }

  async #load(): Promise<KnownKeys> {
    const loading = this.#read();
    this.#loading = loading;
    loading.catch(() => {
      if (this.#loading === loading) this.#loading = null;
    });
    return await loading;
  }

  async #read(): Promise<KnownKeys> {
    const keys = await ensureSigningKeys(this.#database, this.#box);
    const publicKeys = new Map<string, CryptoKey>();
    for (const key of keys) publicKeys.set(key.id, await importKey(key.publicJwk as JWK));
    return { loadedAt: this.#now(), keys, publicKeys, privateKeys: new Map() };
  }

  async #privateKey(known: KnownKeys, key: SigningKey): Promise<CryptoKey> {
    let opened = known.privateKeys.get(key.id);
    if (!opened) {
      const jwk = this.#box.open(key.privateBox, signingKeyContext(key.id));
      opened = importKey(JSON.parse(jwk) as JWK);
      known.privateKeys.set(key.id, opened);
    }
    return await opened;
  }
}

/** The tokens of this deployment, by its configuration. */
export function createAccessTokens(
  { config, database }: Pick<Services, 'config' | 'database'>,
  now: () => number = Date.now,
): AccessTokens {
  return new AccessTokens({
    database,
    box: new SecretBox(config.ENCRYPTION_KEYS),
    issuer: config.PUBLIC_URL,
    now,
  });
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, signingAlgorithm);
  if (key instanceof Uint8Array) throw new Error('A signing key is not a symmetric key.');
  return key;
}
