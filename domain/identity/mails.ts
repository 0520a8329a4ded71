/** What the account mails say. Kept apart from how they look and how they travel. */
export interface AccountMail {
  subject: string;
  paragraphs: string[];
  action?: { label: string; url: string };
  footer: string;
}

const notAsked = 'If you did not ask for this, you need not do anything.';
const automatic = 'You get this mail because of your Perdure account.';

export function verificationMail(url: string): AccountMail {
  return {
    subject: 'Confirm your e-mail address',
    paragraphs: [
      'Welcome to Perdure. Confirm your address, and your account is ready.',
      'The link is good for a day.',
    ],
    action: { label: 'Confirm the address', url },
    footer: notAsked,
  };
}

/** To the owner of an address that somebody has tried to register, or to move another account to. */
export function addressInUseMail(): AccountMail {
  return {
    subject: 'You have an account already',
    paragraphs: [
      'Somebody, probably you, wanted to use this address for a Perdure account. It is one already, so nothing has changed.',
      'Log in with it, or ask for a new password if you have lost yours.',
    ],
    footer: notAsked,
  };
}

export function passwordResetMail(url: string): AccountMail {
  return {
    subject: 'Set a new password',
    paragraphs: ['Here is the link to set a new password. It is good for an hour, and once.'],
    action: { label: 'Set a new password', url },
    footer: notAsked,
  };
}

export function emailChangeMail(url: string): AccountMail {
  return {
    subject: 'Confirm your new e-mail address',
    paragraphs: ['Confirm that your Perdure account shall move to this address. The link is good for a day.'],
    action: { label: 'Confirm the new address', url },
    footer: notAsked,
  };
}

export function invitationMail(
  url: string,
  organisation: string,
  inviter: string,
  role: string,
): AccountMail {
  return {
    subject: 'You are invited to Perdure',
    paragraphs: [
      `${inviter} invites you to join “${organisation}” on Perdure as ${role}.`,
      'The invitation is good for seven days.',
    ],
    action: { label: 'Join', url },
    footer: 'If you do not know who this is, you need not do anything.',
  };
}

/** Things that the owner of an account must hear of at once. */
export const securityNotices = {
  password_changed: {
    subject: 'Your password was changed',
    text: 'The password of your account was changed, and your other sessions have ended.',
  },
  password_reset: {
    subject: 'Your password was reset',
    text: 'A new password was set for your account by a link that was mailed to you. All sessions have ended.',
  },
  email_changed: {
    subject: 'Your e-mail address was changed',
    text: 'Your account has moved to another address, which was confirmed by mail. This one is no longer in use.',
  },
  refresh_token_reused: {
    subject: 'One of your sessions was ended',
    text: 'A refresh token was used twice. Somebody may have copied it, so the session was ended. Log in again.',
  },
  deletion_requested: {
    subject: 'Your account will be deleted',
    text: 'Your account will be erased in fourteen days. To keep it, log in and take the deletion back.',
  },
  export_requested: {
    subject: 'An export of data was asked for',
    text: 'With your account an export was asked for: of your account, of your organisation or of a person in its data.',
  },
  export_completed: {
    subject: 'Your export is ready',
    text: 'The export that was asked for with your account can be fetched for seven days.',
  },
} as const;

export type SecurityNotice = keyof typeof securityNotices;

export function securityNoticeMail(notice: SecurityNotice): AccountMail {
  const { subject, text } = securityNotices[notice];
  return {
    subject,
    paragraphs: [text, 'If this was not you, set a new password now and end all sessions.'],
    footer: automatic,
  };
}

/** What somebody has asked for to see whether mails arrive. */
export function testMail(): AccountMail {
  return {
    subject: 'This is a test',
    paragraphs: ['You have asked for this notice. If you can read it, notices reach you on this way.'],
    footer: automatic,
  };
}
