import { defineEntity, p, type InferEntity } from '@mikro-orm/postgresql';

/** A refresh token, known by the ID that it is derived from. */
export const RefreshToken = defineEntity({
  name: 'RefreshToken',
  tableName: 'refresh_tokens',
  schema: 'identity',
  properties: {
    id: p.uuid().primary(),
    sessionId: p.uuid(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    usedAt: p.datetime().nullable(),
    successorId: p.uuid().nullable(),
  },
});

export type RefreshToken = InferEntity<typeof RefreshToken>;
