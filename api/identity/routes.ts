import type { Route } from '../route.ts';
import type { Services } from '../services.ts';
import { createAccountRoutes } from './account.routes.ts';
import { createApiKeyRoutes } from './api-keys.routes.ts';
import { createDeletionRoutes } from './deletion.routes.ts';
import { createEmailRoutes } from './emails.routes.ts';
import { createExportRoutes } from './export.routes.ts';
import { createInvitationRoutes } from './invitations.routes.ts';
import { createJoinRoutes } from './join.routes.ts';
import { createKeyRoutes } from './keys.routes.ts';
import { createLogInRoutes } from './log-in.routes.ts';
import { createMemberRoutes } from './members.routes.ts';
import { createOrganisationRoutes } from './organisations.routes.ts';
import { createIdentityParts } from './parts.ts';
import { createAccountPageRoutes } from './page.routes.ts';
import { createPasswordRoutes } from './passwords.routes.ts';
import { createRegistrationRoutes } from './registrations.routes.ts';
import { createSessionRoutes } from './sessions.routes.ts';

/** The routes of accounts, sessions, organisations, members and keys, in the order of the reference. */
export function createIdentityRoutes(services: Services): Route[] {
  const parts = createIdentityParts(services);
  return [
    ...createRegistrationRoutes(parts),
    ...createAccountPageRoutes(),
    ...createLogInRoutes(parts),
    ...createSessionRoutes(parts),
    ...createKeyRoutes(parts.accessTokens),
    ...createPasswordRoutes(parts),
    ...createAccountRoutes(parts),
    ...createEmailRoutes(parts),
    ...createDeletionRoutes(parts),
    ...createApiKeyRoutes(parts),
    ...createOrganisationRoutes(parts),
    ...createMemberRoutes(parts),
    ...createInvitationRoutes(parts),
    ...createJoinRoutes(parts),
    ...createExportRoutes(services),
  ];
}
