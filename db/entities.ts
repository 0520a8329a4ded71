import type { EntitySchema } from '@mikro-orm/postgresql';
import { AuditEntry } from './audit/audit-entry.entity.ts';
import { identityEntities } from './identity/entities.ts';

/** Every entity of every domain. A new domain adds its own here. */
export const entities: EntitySchema[] = [AuditEntry, ...identityEntities];
