import type { Plan } from '../domain/identity/plans.ts';
import type { Role } from '../domain/identity/roles.ts';
import type { Scope } from '../domain/identity/scopes.ts';

/** Who is asking, as the gateway has proved it. */
export interface Principal {
  kind: 'user' | 'api_key';
  tenantId: string;
  /** The plan of the tenant: limits are by it. */
  plan: Plan;
  /** The user, or the user who made the API key. */
  userId: string;
  role: Role;
  /** What this caller may do: the role's scopes, cut down to those of the key. */
  scopes: ReadonlySet<Scope>;
  sessionId: string | null;
  apiKeyId: string | null;
  /** When the credential is over, in milliseconds since 1970; null for a key that is good until it is revoked. */
  expiresAt: number | null;
}
