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
}
