import type { SharedAnswer } from '../../domain/search/answer.ts';

/** Where a question stands: answered already, ours to work on, or being worked on by somebody else. */
export type Claim = { state: 'cached'; answer: SharedAnswer } | { state: 'ours' } | { state: 'theirs' };

export interface Claims {
  /** By key. */
  byKey: Map<string, Claim>;
  /** The cache's time, in ISO 8601: an answer that lands from now on is new enough to be shared. */
  askedAt: string;
}

export interface Followed {
  answer: SharedAnswer | null;
  underWay: boolean;
}

/** An answer that was worked out, and how long later questions may use it. */
export interface Landing {
  key: string;
  answer: SharedAnswer;
  ttlSeconds: number;
}

/**
 * How long a question stays its worker's without a sign of life. A worker that dies holds back its followers for so long
 * at most.
 */
export const flightLeaseSeconds = 6;

/** How long an answer is kept beyond its time: followers may still be about to read one that was never fresh. */
export const followSeconds = 60;

/** Cached answers of one tenant, and the questions that are being worked on. Keys are SHA-256 in hex. */
export interface AnswerCache {
  /** Takes the questions that nobody works on. With `useCache`, those with a fresh answer give it instead. */
  claim(keys: readonly string[], owner: string, useCache: boolean): Promise<Claims>;
  /** Extends the lease of the questions that are still ours. */
  renew(owner: string, keys: readonly string[]): Promise<void>;
  /** Stores answers to what is ours, for the followers and, when fresh for more than no time, for later questions. */
  land(owner: string, answers: readonly Landing[]): Promise<void>;
  /** Lets go of questions without an answer: a follower takes over. */
  release(keys: readonly string[], owner: string): Promise<void>;
  /** How followed questions stand: the answer that landed since they were asked, and whether somebody works on them. */
  follow(followed: readonly { key: string; askedAt: string }[]): Promise<Map<string, Followed>>;
  /** Deletes what is kept of the tenant outside of the database. */
  forget(): Promise<void>;
}

export type AnswerCaches = (tenantId: string) => AnswerCache;
