import type { InboundState } from '../../domain/webhooks/inbound/event-state.ts';

/** The queue of the domain. */
export const webhooksQueue = 'webhooks';

/** A wish to have messages sent again is fulfilled once. */
export const recoveryWorkflowId = (recoveryId: string): string => `webhook-recovery:${recoveryId}`;

export interface RecoverMessagesInput {
  recoveryId: string;
  tenantId: string;
}

export interface RecoveryActivities {
  /** Sends some messages again. Idempotent: how far it has come is committed with them. */
  recoverSlice(input: RecoverMessagesInput): Promise<{ sent: number; left: boolean }>;
}

export interface OutboundUpkeepActivities {
  /** Forgets messages that are kept no longer. Idempotent by nature. */
  forgetMessages(): Promise<{ removed: number }>;
  /** Seals the secrets of endpoints and sources anew that are not sealed by the ring's first key. Idempotent by nature. */
  resealSecrets(): Promise<{ resealed: number }>;
}

/** A wish to have webhooks tried again is fulfilled once. */
export const replayWorkflowId = (replayId: string): string => `webhook-replay:${replayId}`;

export interface ReplayWebhooksInput {
  replayId: string;
  tenantId: string;
}

export interface ReplayActivities {
  /** Has some webhooks tried again. Idempotent: how far it has come is committed with them. */
  replaySlice(input: ReplayWebhooksInput): Promise<{ replayed: number; left: boolean }>;
}

/** One workflow an event that came in; when it is tried again later, or replayed, another run. */
export const inboundWorkflowId = (inboundId: string, run: number): string =>
  run === 0 ? `inbound:${inboundId}` : `inbound:${inboundId}:${run}`;

export interface ProcessInboundInput {
  inboundId: string;
  tenantId: string;
  /** Number of the attempt that the workflow begins with, from 1. */
  attempt: number;
}

export interface InboundOutcome {
  state: InboundState | 'gone';
  /** Seconds until the next attempt is due; null when there is none, or it is not this workflow's. */
  retryIn: number | null;
}

export interface InboundActivities {
  /**
   * Makes one attempt at an event: its effect, its state and what it tells are one transaction. Idempotent by the number of
   * the attempt: one that was made already is not made again. What fails is noted; only an outage is thrown.
   */
  attemptInbound(input: ProcessInboundInput): Promise<InboundOutcome>;
}

export interface InboundUpkeepActivities {
  /**
   * Forgets what deleted sources have sent, has due events tried again, and gives up those that have waited too long. Idempotent by
   * nature.
   */
  wakeInbound(): Promise<{ woken: number; buried: number }>;
  /** Forgets what is old. Idempotent by nature. */
  forgetInbound(): Promise<{ removed: number }>;
  /** Asks the providers of the sources that are due for what was missed. Idempotent by the providers' own IDs. */
  reconcileSources(): Promise<{ asked: number; failed: number; found: number }>;
}
