import type { Database } from '../../db/database.ts';
import { OpaqueTokens } from '../../domain/identity/tokens.ts';
import { Pages } from '../page.ts';
import type { Services } from '../services.ts';
import { createAccessTokens, type AccessTokens } from './access-tokens.ts';

/** What the routes of identity are built with. */
export interface IdentityParts {
  database: Database;
  accessTokens: AccessTokens;
  opaqueTokens: OpaqueTokens;
  pages: Pages;
}

export function createIdentityParts(services: Services): IdentityParts {
  return {
    database: services.database,
    accessTokens: createAccessTokens(services),
    opaqueTokens: new OpaqueTokens(services.config.ENCRYPTION_KEYS),
    pages: new Pages(services.config.ENCRYPTION_KEYS),
  };
}
