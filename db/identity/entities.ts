import { ApiKey } from './api-key.entity.ts';
import { EmailLink } from './email-link.entity.ts';
import { Invitation } from './invitation.entity.ts';
import { Membership } from './membership.entity.ts';
import { Organisation } from './organisation.entity.ts';
import { RefreshToken } from './refresh-token.entity.ts';
import { Registration } from './registration.entity.ts';
import { Session } from './session.entity.ts';
import { User } from './user.entity.ts';

export const identityEntities = [
  Organisation,
  User,
  Membership,
  Session,
  RefreshToken,
  ApiKey,
  Invitation,
  Registration,
  EmailLink,
] as const;
