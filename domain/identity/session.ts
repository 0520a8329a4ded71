/** Why a session is over. */
export const sessionEndReasons = [
  'logged_out',
  'logged_out_everywhere',
  'revoked',
  'refresh_token_reused',
  'password_changed',
  'password_reset',
  'email_changed',
  'membership_ended',
  'account_deleted',
] as const;

export type SessionEndReason = (typeof sessionEndReasons)[number];
