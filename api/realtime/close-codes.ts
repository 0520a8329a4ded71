/**
 * Why we close a WebSocket. Below 4000 as RFC 6455 §7.4.1 has it; besides these `ws` closes with 1002 (broken frames), 1007
 * (no UTF-8) and 1009 (too large).
 */
export const closeCodes = {
  /** The process ends: connect again, to another one. */
  going_away: 1001,
  /** A mistake of ours. */
  internal: 1011,
  /** Something that we need does not answer: connect again, a little later. */
  unavailable: 1013,
  /** What was sent is no message: not text, or not JSON. */
  malformed: 4400,
  /** The credential is over or revoked: connect with a new one. */
  unauthenticated: 4401,
  /** The caller may not hear this any more. */
  forbidden: 4403,
  /** What was sent was not taken, or a ping not answered, in time. */
  slow: 4408,
  /** More messages than anybody needs to send. */
  too_many: 4429,
} as const;

export type CloseReason = keyof typeof closeCodes;
