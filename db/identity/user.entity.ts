import { defineEntity, p, type InferEntity } from '@mikro-orm/postgresql';
import type { Preferences } from '../../domain/identity/preferences.ts';
import type { Profile } from '../../domain/identity/profile.ts';

/** A person with an account. It belongs to organisations by memberships. */
export const User = defineEntity({
  name: 'User',
  tableName: 'users',
  schema: 'identity',
  properties: {
    id: p.uuid().primary(),
    /** In the form of `accountEmail`; null once the user is erased. */
    email: p.text().nullable(),
    passwordHash: p.text().nullable(),
    name: p.text(),
    profile: p.json<Profile>(),
    preferences: p.json<Preferences>(),
    version: p.integer(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
    deletionId: p.uuid().nullable(),
    deletionDueAt: p.datetime().nullable(),
    erasedAt: p.datetime().nullable(),
  },
});

export type User = InferEntity<typeof User>;
