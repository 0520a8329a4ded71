/**
 * `enabled`: messages are sent. `paused`: they are collected, and sent once it is enabled again. `disabled`: it gets none;
 * what it misses can be replayed. `deleted`: nobody sees it any more.
 */
export type EndpointState = 'enabled' | 'paused' | 'disabled' | 'deleted';

/** Why an endpoint is disabled: by its owner, by its 410, or because nothing has reached it for 120 hours. */
export const disabledReasons = ['owner', 'gone', 'failing'] as const;
export type DisabledReason = (typeof disabledReasons)[number];

/** `none`: every message goes out when it is due. `subject`: those of one subject one after another, in their order. */
export const orderings = ['none', 'subject'] as const;
export type Ordering = (typeof orderings)[number];

/** What had a message sent to an endpoint. */
export const triggers = ['event', 'resend', 'recover', 'missing', 'test'] as const;
export type Trigger = (typeof triggers)[number];

/** `pending`: it waits for its next attempt, or is under way. `exhausted`: every attempt has failed. */
export const deliveryStates = ['pending', 'delivered', 'exhausted'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** `lost`: the process that made the attempt has died, so nobody knows whether the receiver got it; it was repeated. */
export const attemptOutcomes = ['delivered', 'failed', 'lost'] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** Most endpoints of a tenant. */
export const mostEndpoints = 50;

/** Longest grace in which the old secret of a rotation still signs, in seconds, and the usual one. */
export const longestGraceSeconds = 7 * 86_400;
export const usualGraceSeconds = 86_400;

/** Most old secrets that still sign. */
export const mostOldSecrets = 10;

/** How far back messages can be recovered and replayed, and how many at once. */
export const recoverableDays = 14;
export const mostRecovered = 10_000;

/** An attempt that has not answered by then has failed. */
export const attemptTimeoutMs = 15_000;

/** What of an answer is kept, in bytes. */
export const keptAnswerBytes = 20_000;

/** The form of a secret (Standard Webhooks 1.0.0): `whsec_` and the base64 of 24 to 64 bytes. */
export const secretForm = /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/;

/** A secret as it may be shown: enough to tell it from another. */
export function maskedSecret(secret: string): string {
  return `whsec_${'*'.repeat(12)}${secret.slice(-4)}`;
}

/** The `webhook-id` of a message, the same at every attempt and every endpoint: receivers tell repetitions by it. */
export function webhookId(messageId: string): string {
  return `msg_${messageId}`;
}

/** The type of a message that only tries an endpoint out. */
export const testType = 'webhook.test';
