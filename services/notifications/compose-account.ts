import {
  addressBeforeChange,
  emailLinkForMail,
  invitationForMail,
  registrationForMail,
} from '../../db/identity/mail-facts.ts';
import {
  addressInUseMail,
  emailChangeMail,
  invitationMail,
  passwordResetMail,
  securityNoticeMail,
  securityNotices,
  testMail,
  verificationMail,
  type SecurityNotice,
} from '../../domain/identity/mails.ts';
import { OpaqueTokens, type TokenKind } from '../../domain/identity/tokens.ts';
import type { Compose } from './composer.ts';
import { mailOf, type ComposerParts } from './composer-parts.ts';

/**
 * A link with a token, which is derived when the mail goes out: no table and no event holds it, and a mail that goes out twice carries the
 * same one. It stands behind the #, which no browser sends: it is in no log of a server or a proxy.
 */
function link({ config }: ComposerParts, page: string, kind: TokenKind, id: string): string {
  return `${config.PUBLIC_URL}/account/${page}#${new OpaqueTokens(config.ENCRYPTION_KEYS).issue(kind, id)}`;
}

export const composeVerification: Compose = async (parts, { data }) => {
  const id = String(data['registration_id']);
  const found = await parts.database.read('identity', ({ sql }) => registrationForMail(sql, id));
  if (!found) return null;
  const content = found.taken
    ? addressInUseMail()
    : verificationMail(link(parts, 'verify', 'registration', id));
  return { content, address: found.email };
};

export const composePasswordReset: Compose = async (parts, { data }) => {
  const id = String(data['link_id']);
  const found = await parts.database.read('identity', ({ sql }) => emailLinkForMail(sql, id));
  return (
    found && {
      content: passwordResetMail(link(parts, 'reset', 'passwordReset', id)),
      address: found.email,
    }
  );
};

export const composeEmailChange: Compose = async (parts, { data }) => {
  const id = String(data['link_id']);
  const found = await parts.database.read('identity', ({ sql }) => emailLinkForMail(sql, id));
  if (!found) return null;
  const content = found.taken
    ? addressInUseMail()
    : emailChangeMail(link(parts, 'confirm-email', 'emailChange', id));
  return { content, address: found.email };
};

export const composeInvitation: Compose = async (parts, { data }) => {
  const id = String(data['invitation_id']);
  const found = await parts.database.read('identity', ({ sql }) => invitationForMail(sql, id));
  if (!found) return null;
  const url = link(parts, 'join', 'invitation', id);
  return {
    content: invitationMail(url, found.organisation, found.inviter, found.role),
    address: found.email,
  };
};

export const composeSecurityNotice: Compose = async (parts, { data, userId }) => {
  const notice = String(data['notice']);
  if (!isSecurityNotice(notice)) throw new Error(`There is no notice of security named ${notice}.`);
  // Who has lost the address to somebody else is told at that address.
  const address =
    notice === 'email_changed'
      ? await parts.database.read('identity', ({ sql }) => addressBeforeChange(sql, String(data['link_id'])))
      : await mailOf(parts, userId);
  return { content: securityNoticeMail(notice), address };
};

export const composeTest: Compose = async (parts, { userId }) => ({
  content: testMail(),
  address: await mailOf(parts, userId),
});

function isSecurityNotice(name: string): name is SecurityNotice {
  return Object.hasOwn(securityNotices, name);
}
