import type { Session } from '../../db/identity/session.entity.ts';
import type { Role } from '../../domain/identity/roles.ts';
import type { IdentityParts } from './parts.ts';

/** What a log-in or a refresh answers. */
export async function presentTokens(
  { accessTokens, opaqueTokens }: IdentityParts,
  session: Pick<Session, 'id' | 'userId' | 'tenantId'>,
  role: Role,
  refreshTokenId: string,
) {
  const access = await accessTokens.issue({
    userId: session.userId,
    tenantId: session.tenantId,
    sessionId: session.id,
    role,
  });
  return {
    token_type: 'Bearer' as const,
    access_token: access.token,
    expires_in: access.expiresIn,
    refresh_token: opaqueTokens.issue('refresh', refreshTokenId),
    session_id: session.id,
    user_id: session.userId,
    organisation_id: session.tenantId,
    role,
  };
}
