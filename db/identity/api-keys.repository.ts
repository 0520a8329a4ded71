import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import type { Scope } from '../../domain/identity/scopes.ts';
import type { UnitOfWork } from '../database.ts';
import { ApiKey } from './api-key.entity.ts';

export interface NewApiKey {
  userId: string;
  name: string;
  hint: string;
  secretHash: string;
  scopes: Scope[];
  expiresAt: Date | null;
}

/** The API keys of one organisation. A filter by user leaves those of that user. */
export class ApiKeyRepository {
  readonly #unit: UnitOfWork;
  readonly #tenantId: string;

  constructor(unit: UnitOfWork, tenantId: string) {
    this.#unit = unit;
    this.#tenantId = tenantId;
  }

  async add(key: NewApiKey): Promise<ApiKey> {
    const made = this.#unit.em.create(ApiKey, {
      id: uuidv7(),
      tenantId: this.#tenantId,
      createdAt: new Date(),
      ...key,
    });
    await this.#unit.em.flush();
    return made;
  }

  /** Those that are not revoked, newest first, behind the given one. */
  async list(filter: { userId: string | null }, limit: number, after: string | null): Promise<ApiKey[]> {
    return await this.#unit.em.find(
      ApiKey,
      {
        tenantId: this.#tenantId,
        revokedAt: null,
        ...(filter.userId ? { userId: filter.userId } : {}),
        ...(after ? { id: { $lt: after } } : {}),
      },
      { orderBy: { id: 'desc' }, limit },
    );
  }

  /** Throws `identity.api_key_not_found` when there is none, or it is not the given user's. */
  async get(id: string, filter: { userId: string | null }): Promise<ApiKey> {
    const key = await this.#unit.em.findOne(ApiKey, {
      id,
      tenantId: this.#tenantId,
      revokedAt: null,
      ...(filter.userId ? { userId: filter.userId } : {}),
    });
    if (!key) throw new Failure('identity.api_key_not_found', 'There is no such API key.');
    return key;
  }

  async revokeAllOf(userId: string): Promise<void> {
    await this.#unit.em.nativeUpdate(
      ApiKey,
      { tenantId: this.#tenantId, userId, revokedAt: null },
      { revokedAt: new Date() },
    );
  }
}
