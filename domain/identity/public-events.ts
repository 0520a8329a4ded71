import { z } from 'zod';
import { firstVersion, type PublicEvent } from '../events/public-event.ts';

const someId = '01989b2e-0000-7000-8000-000000000001';
const user = z.object({ user_id: z.string() });

/** What identity lets an organisation's own systems hear. References only: who somebody is, is asked of the API. */
export const identityPublicEvents: readonly PublicEvent[] = [
  firstVersion(
    'member.joined',
    'identity.member_joined',
    'Somebody has joined the organisation.',
    user.extend({ role: z.string() }),
    { user_id: someId, role: 'member' },
  ),
  firstVersion(
    'member.role_changed',
    'identity.member_role_changed',
    'A member has another role.',
    user.extend({ from: z.string(), to: z.string() }),
    { user_id: someId, from: 'member', to: 'admin' },
  ),
  firstVersion(
    'member.removed',
    'identity.member_removed',
    'Somebody has left the organisation, or was removed from it.',
    user.extend({ role: z.string() }),
    { user_id: someId, role: 'member' },
  ),
  firstVersion(
    'invitation.created',
    'identity.invitation_created',
    'Somebody was invited.',
    z.object({ invitation_id: z.string(), role: z.string() }),
    { invitation_id: someId, role: 'viewer' },
  ),
  firstVersion(
    'invitation.revoked',
    'identity.invitation_revoked',
    'An invitation was taken back.',
    z.object({ invitation_id: z.string() }),
    { invitation_id: someId },
  ),
  firstVersion(
    'api_key.created',
    'identity.api_key_created',
    'An API key was made.',
    z.object({ api_key_id: z.string(), scopes: z.array(z.string()) }),
    { api_key_id: someId, scopes: ['search:run'] },
  ),
  firstVersion(
    'api_key.revoked',
    'identity.api_key_revoked',
    'An API key was revoked.',
    z.object({ api_key_id: z.string() }),
    { api_key_id: someId },
  ),
  firstVersion(
    'organisation.updated',
    'organisation.updated',
    'The organisation was changed.',
    z.object({ organisation_id: z.string(), changed: z.array(z.string()) }),
    { organisation_id: someId, changed: ['name'] },
  ),
];
