import { proxyActivities } from '@temporalio/workflow';
import type { OutboundUpkeepActivities } from './messages.ts';

// What one night leaves is the next one's.
const nightly = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes', maximumAttempts: 20 },
} as const;

const { forgetMessages } = proxyActivities<OutboundUpkeepActivities>({
  ...nightly,
  summary: 'Forget messages older than they are kept',
});
const { resealSecrets } = proxyActivities<OutboundUpkeepActivities>({
  ...nightly,
  summary: 'Seal secrets anew by the first key',
});

/** The daily look at the secrets of endpoints and sources: a new first key of the ring seals them anew. */
export async function resealWebhookSecrets(): Promise<{ resealed: number }> {
  return await resealSecrets();
}

/** The nightly end of messages whose time is over, and of what endpoints that were deleted have left. */
export async function tidyMessages(): Promise<{ removed: number }> {
  return await forgetMessages();
}
