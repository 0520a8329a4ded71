import { defineEntity, p, type InferEntity } from '@mikro-orm/postgresql';
import { roles } from '../../domain/identity/roles.ts';

/** A user's part in an organisation. */
export const Membership = defineEntity({
  name: 'Membership',
  tableName: 'memberships',
  schema: 'identity',
  properties: {
    tenantId: p.uuid().primary(),
    userId: p.uuid().primary(),
    role: p.enum(roles),
    createdAt: p.datetime(),
  },
});

export type Membership = InferEntity<typeof Membership>;
