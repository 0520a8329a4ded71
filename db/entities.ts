import type { EntitySchema } from '@mikro-orm/postgresql';

/** Every entity of every domain. A new domain adds its list here. */
export const entities: EntitySchema[] = [];
