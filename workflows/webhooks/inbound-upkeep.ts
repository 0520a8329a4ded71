import { proxyActivities } from '@temporalio/workflow';
import type { InboundUpkeepActivities } from './messages.ts';

// All of it may be repeated, and what one run leaves is the next one's.
const { wakeInbound, forgetInbound, reconcileSources } = proxyActivities<InboundUpkeepActivities>({
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '5 seconds', maximumInterval: '1 minute', maximumAttempts: 5 },
});

/** Has events tried again that are due. */
export async function wakeInboundWebhooks(): Promise<{ woken: number; buried: number }> {
  return await wakeInbound();
}

/** Forgets old bodies and deliveries. */
export async function forgetInboundWebhooks(): Promise<{ removed: number }> {
  return await forgetInbound();
}

/** Asks providers for what was missed. */
export async function reconcileWebhookSources(): Promise<{ asked: number; failed: number; found: number }> {
  return await reconcileSources();
}
