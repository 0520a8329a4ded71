import { defineEntity, p, type InferEntity } from '@mikro-orm/postgresql';
import { plans } from '../../domain/identity/plans.ts';

/** An organisation: the tenant that everything belongs to. */
export const Organisation = defineEntity({
  name: 'Organisation',
  tableName: 'organisations',
  schema: 'identity',
  properties: {
    id: p.uuid().primary(),
    name: p.text(),
    plan: p.enum(plans),
    version: p.integer(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
    deletedAt: p.datetime().nullable(),
  },
});

export type Organisation = InferEntity<typeof Organisation>;
