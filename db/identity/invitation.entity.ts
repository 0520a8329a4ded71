import { defineEntity, p, type InferEntity } from '@mikro-orm/postgresql';
import { grantableRoles } from '../../domain/identity/roles.ts';

/** An offer to join an organisation, good for whoever reads the mail at its address. */
export const Invitation = defineEntity({
  name: 'Invitation',
  tableName: 'invitations',
  schema: 'identity',
  properties: {
    id: p.uuid().primary(),
    tenantId: p.uuid(),
    email: p.text(),
    role: p.enum(grantableRoles),
    invitedBy: p.uuid(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    acceptedAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
  },
});

export type Invitation = InferEntity<typeof Invitation>;
