import { defineEntity, p, type InferEntity } from '@mikro-orm/postgresql';
import { sessionEndReasons } from '../../domain/identity/session.ts';

/** One log-in of a user in an organisation, and the family of refresh tokens that came of it. */
export const Session = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  schema: 'identity',
  properties: {
    id: p.uuid().primary(),
    userId: p.uuid(),
    tenantId: p.uuid(),
    createdAt: p.datetime(),
    lastUsedAt: p.datetime(),
    expiresAt: p.datetime(),
    endedAt: p.datetime().nullable(),
    endReason: p.enum(sessionEndReasons).nullable(),
    address: p.text(),
    userAgent: p.text(),
  },
});

export type Session = InferEntity<typeof Session>;
