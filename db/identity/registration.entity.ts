import { defineEntity, p, type InferEntity } from '@mikro-orm/postgresql';
import type { Profile } from '../../domain/identity/profile.ts';

/** Somebody's wish for an account, until the address is proved by the link that was mailed to it. */
export const Registration = defineEntity({
  name: 'Registration',
  tableName: 'registrations',
  schema: 'identity',
  properties: {
    id: p.uuid().primary(),
    /** ID that the organisation will have. */
    tenantId: p.uuid(),
    email: p.text(),
    name: p.text(),
    organisationName: p.text(),
    profile: p.json<Profile>(),
    passwordHash: p.text(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    usedAt: p.datetime().nullable(),
  },
});

export type Registration = InferEntity<typeof Registration>;
