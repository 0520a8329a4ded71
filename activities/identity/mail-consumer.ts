import type { Database } from '../../db/database.ts';
import {
  addressBeforeChange,
  addressOfUser,
  emailLinkForMail,
  invitationForMail,
  registrationForMail,
} from '../../db/identity/mail-facts.ts';
import type { Sql } from '../../db/sql.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import {
  addressInUseMail,
  emailChangeMail,
  invitationMail,
  passwordResetMail,
  securityNoticeMail,
  verificationMail,
  type AccountMail,
  type SecurityNotice,
} from '../../domain/identity/mails.ts';
import { OpaqueTokens, type TokenKind } from '../../domain/identity/tokens.ts';
import type { Config } from '../../platform/config.ts';
import { renderMail } from '../../platform/mail/layout.ts';
import type { Mailer } from '../../platform/mail/mailer.ts';

type Addressed = { to: string; mail: AccountMail } | null;

/**
 * Mails what accounts ask for. The event names a row; the address and the link's token are found at sending, so neither
 * an event nor the database holds a token, and a mail that goes out twice carries the same one.
 */
export function createIdentityMailConsumer(parts: {
  database: Database;
  mailer: Mailer;
  config: Pick<Config, 'ENCRYPTION_KEYS' | 'PUBLIC_URL'>;
}): { handle(events: DomainEvent[]): Promise<void> } {
  const { database, mailer, config } = parts;
  const tokens = new OpaqueTokens(config.ENCRYPTION_KEYS);
  // The token stands behind the #, which no browser sends: it is in no log of a server or a proxy.
  const link = (page: string, kind: TokenKind, id: string): string =>
    `${config.PUBLIC_URL}/account/${page}#${tokens.issue(kind, id)}`;

  async function compose(sql: Sql, event: DomainEvent): Promise<Addressed> {
    const id = (name: string): string => String(event.data[name]);
    switch (event.type) {
      case 'identity.email_verification_requested': {
        const registration = await registrationForMail(sql, id('registration_id'));
        if (!registration) return null;
        const url = link('verify', 'registration', id('registration_id'));
        const mail = registration.taken ? addressInUseMail() : verificationMail(url);
        return { to: registration.email, mail };
      }
      case 'identity.password_reset_requested': {
        const asked = await emailLinkForMail(sql, id('link_id'));
        return (
          asked && { to: asked.email, mail: passwordResetMail(link('reset', 'passwordReset', id('link_id'))) }
        );
      }
      case 'identity.email_change_requested': {
        const asked = await emailLinkForMail(sql, id('link_id'));
        if (!asked) return null;
        const url = link('confirm-email', 'emailChange', id('link_id'));
        return { to: asked.email, mail: asked.taken ? addressInUseMail() : emailChangeMail(url) };
      }
      case 'identity.invitation_created': {
        const found = await invitationForMail(sql, id('invitation_id'));
        if (!found) return null;
        const url = link('join', 'invitation', id('invitation_id'));
        return { to: found.email, mail: invitationMail(url, found.organisation, found.inviter, found.role) };
      }
      case 'identity.security_notice': {
        const notice = event.data['notice'] as SecurityNotice;
        const to =
          notice === 'email_changed'
            ? await addressBeforeChange(sql, id('link_id'))
            : await addressOfUser(sql, id('user_id'));
        return to === null ? null : { to, mail: securityNoticeMail(notice) };
      }
      default:
        throw new Error(`There is no mail for ${event.type}.`);
    }
  }

  return {
    async handle(events) {
      for (const event of events) {
        const addressed = await database.read('identity', ({ sql }) => compose(sql, event));
        if (addressed) await mailer.send({ to: addressed.to, id: event.id, ...renderMail(addressed.mail) });
      }
    },
  };
}
