const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** How long what identity hands out is good for, in seconds. */
export const lifetimes = {
  accessToken: 10 * minute,
  /** Of a refresh token that is not used: a session that rests as long ends. */
  refreshToken: 30 * day,
  /** Of a session, however lively: then the password is asked for again. */
  session: 90 * day,
  /**
   * For so long a refresh token that was just used still gives the same successor: two tabs that refresh at once, or a
   * client that lost the answer, are no thieves. Later it is reuse, and ends the session.
   */
  refreshGrace: 10,
  registration: 1 * day,
  passwordReset: 1 * hour,
  emailChange: 1 * day,
  invitation: 7 * day,
  /** Between a user's wish to be deleted and the erasure. */
  deletionGrace: 14 * day,
  /** How long a process may go on believing what it knows of a session, a key or a role. */
  authenticationCache: 5,
} as const;
