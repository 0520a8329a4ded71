import { defineEntity, p, type InferEntity } from '@mikro-orm/postgresql';
import type { Scope } from '../../domain/identity/scopes.ts';

/** A key that a program calls the API with, in the name of the user who made it. Its secret is stored as a hash only. */
export const ApiKey = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  schema: 'identity',
  properties: {
    id: p.uuid().primary(),
    tenantId: p.uuid(),
    userId: p.uuid(),
    name: p.text(),
    hint: p.text(),
    secretHash: p.text(),
    scopes: p.array<Scope>().columnType('text[]'),
    createdAt: p.datetime(),
    expiresAt: p.datetime().nullable(),
    lastUsedAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
  },
});

export type ApiKey = InferEntity<typeof ApiKey>;
