import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../db/database.ts';
import {
  SourceRepository,
  type SourceChange,
  type OwnedSource,
} from '../../db/webhooks/source.repository.ts';
import type { NewEvent } from '../../domain/events/event.ts';
import { Failure } from '../../domain/failure.ts';
import { ifOpens } from '../../platform/crypto/secret-box.ts';
import type { SourceSecret, SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import type { Principal } from '../principal.ts';
import type { NewSourceBody, SourceChangeBody } from './source.schemas.ts';

export interface SourceWithSecret {
  source: OwnedSource;
  /** The secret that was made; null when it was given. */
  made: string | null;
}

/** Earlier secrets that are still in their grace. */
const mostSecrets = 5;

/** What people do to sources. Each runs in the caller's transaction. */
export class SourceCommands {
  readonly #secrets: SourceSecrets;

  constructor(secrets: SourceSecrets) {
    this.#secrets = secrets;
  }

  async create({ sql, publish }: Transaction, by: Principal, body: NewSourceBody): Promise<SourceWithSecret> {
    requireWhole(body);
    const id = uuidv7();
    const owner = { tenantId: by.tenantId, id };
    const value = body.secret ?? newSecret();
    const secrets: SourceSecret[] = [{ value, until: null }];
    const source = await new SourceRepository(sql, by.tenantId).add({
      id,
      kind: body.kind,
      name: body.name,
      account: body.shop_domain ?? null,
      verifier: body.verifier ?? null,
      reading: body.reading ?? {},
      holdUnknown: body.hold_unknown,
      secrets: this.#secrets.seal(owner, secrets),
      secretFingerprints: this.#secrets.fingerprints(secrets),
      credentials: this.#credentials(owner, body.credentials) ?? null,
      createdBy: by.userId,
    });
    await publish(told('webhooks.source_created', by, id, { kind: body.kind }));
    return { source, made: body.secret === undefined ? value : null };
  }

  async change(
    { sql, publish }: Transaction,
    by: Principal,
    id: string,
    body: SourceChangeBody,
    check: (version: number) => void,
  ): Promise<OwnedSource> {
    const sources = new SourceRepository(sql, by.tenantId);
    const stored = await sources.get(id, true);
    check(stored.version);
    if (stored.kind !== 'generic' && (body.verifier || body.reading)) {
      throw invalid('verifier', 'Only generic sources are described.');
    }
    if (body.credentials && !reconciles(stored.kind)) throw invalid('credentials', 'This kind is not asked.');
    const credentials = this.#credentials(stored, body.credentials);
    const change: SourceChange = {
      ...(body.name === undefined ? {} : { name: body.name }),
      ...(body.verifier === undefined ? {} : { verifier: body.verifier }),
      ...(body.reading === undefined ? {} : { reading: body.reading }),
      ...(body.hold_unknown === undefined ? {} : { holdUnknown: body.hold_unknown }),
      ...(credentials === undefined ? {} : { credentials }),
    };
    const changed = await sources.change(id, change);
    await publish(told('webhooks.source_changed', by, id, { members: Object.keys(body) }));
    return changed;
  }

  /** The former secret is good for the grace, so that the sender can be told the new one meanwhile. */
  async rotate(
    { sql, publish }: Transaction,
    by: Principal,
    id: string,
    body: { secret?: string | undefined; grace_seconds: number },
  ): Promise<SourceWithSecret> {
    const sources = new SourceRepository(sql, by.tenantId);
    const stored = await sources.get(id, true);
    const value = body.secret ?? newSecret();
    const now = Date.now();
    const until = new Date(now + body.grace_seconds * 1_000).toISOString();
    const former = (ifOpens(() => this.#secrets.open(stored)) ?? [])
      .map((one) => (one.until === null ? { ...one, until } : one))
      .filter((one) => one.value !== value && Date.parse(one.until ?? '') > now);
    const secrets = [{ value, until: null }, ...former.slice(0, mostSecrets)];
    const source = await sources.change(id, {
      secrets: this.#secrets.seal(stored, secrets),
      secretFingerprints: this.#secrets.fingerprints(secrets),
    });
    await publish(told('webhooks.source_secret_rotated', by, id, { grace_seconds: body.grace_seconds }));
    return { source, made: body.secret === undefined ? value : null };
  }

  /** What came while it was paused is taken up by the next sweep (`takeReleased`). */
  async setState(
    { sql, publish }: Transaction,
    by: Principal,
    id: string,
    state: 'active' | 'paused',
  ): Promise<OwnedSource> {
    const sources = new SourceRepository(sql, by.tenantId);
    const stored = await sources.get(id, true);
    if (stored.state === state) return stored;
    const changed = await sources.change(id, { state });
    await publish(
      told(state === 'active' ? 'webhooks.source_resumed' : 'webhooks.source_paused', by, id, {}),
    );
    return changed;
  }

  async delete(
    { sql, publish }: Transaction,
    by: Principal,
    id: string,
    check: (version: number) => void,
  ): Promise<void> {
    const sources = new SourceRepository(sql, by.tenantId);
    check((await sources.get(id, true)).version);
    await sources.delete(id);
    await publish(told('webhooks.source_deleted', by, id, {}));
  }

  #credentials(
    owner: { tenantId: string; id: string },
    given: { token: string; base_url?: string | undefined } | null | undefined,
  ): string | null | undefined {
    if (!given) return given;
    const base_url = given.base_url?.replace(/\/+$/, '') ?? null;
    return this.#secrets.sealCredentials(owner, { token: given.token, base_url });
  }
}

export function reconciles(kind: string): boolean {
  return kind === 'shopify' || kind === 'stripe';
}

/** What one kind needs and another must not have. */
function requireWhole(body: NewSourceBody): void {
  const generic = body.kind === 'generic';
  if ((body.kind === 'shopify') !== (body.shop_domain !== undefined)) {
    throw invalid('shop_domain', 'A source of Shopify has one, and no other.');
  }
  if (generic !== (body.verifier !== undefined))
    throw invalid('verifier', 'A generic source has one, and no other.');
  if (!generic && body.reading) throw invalid('reading', 'Only generic sources are described.');
  if (!generic && body.secret === undefined) throw invalid('secret', 'The provider has shown it.');
  if (body.credentials && !reconciles(body.kind)) throw invalid('credentials', 'This kind is not asked.');
}

function invalid(member: string, message: string): Failure {
  return new Failure('webhooks.source_invalid', 'The source is not valid.', {
    issues: [{ pointer: `/body/${member}`, message }],
  });
}

/** In the form of Standard Webhooks, which does for every scheme. */
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

function told(type: string, by: Principal, id: string, data: Record<string, unknown>): NewEvent {
  return { type, tenantId: by.tenantId, subject: `webhook-source:${id}`, data, actorId: by.userId };
}
