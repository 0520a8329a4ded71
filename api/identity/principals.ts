import { Failure } from '../../domain/failure.ts';
import type { Principal } from '../principal.ts';

/** Refuses API keys: what concerns a user's whole account belongs to the user alone, not to a program. */
export function requireSession(principal: Principal): Principal & { sessionId: string } {
  if (principal.sessionId === null) {
    throw new Failure('identity.session_required', 'Log in for this: an API key is not enough.');
  }
  return { ...principal, sessionId: principal.sessionId };
}
