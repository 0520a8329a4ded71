import { proxyActivities } from '@temporalio/workflow';
import type { NoticeUpkeepActivities } from './messages.ts';

// What one night leaves is the next one's.
const { forgetNotices } = proxyActivities<NoticeUpkeepActivities>({
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes', maximumAttempts: 20 },
  summary: 'Forget notices older than they are kept',
});

/** The nightly end of notices whose time is over. */
export async function tidyNotices(): Promise<{ removed: number }> {
  return await forgetNotices();
}
