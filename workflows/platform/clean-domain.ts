import { proxyActivities } from '@temporalio/workflow';
import type { Domain } from '../../domain/domains.ts';
import type { PlatformActivities } from './messages.ts';

// Deleting what is old is harmless to repeat.
const { cleanDomain: clean } = proxyActivities<PlatformActivities>({
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '5 seconds', maximumInterval: '5 minutes', maximumAttempts: 10 },
  summary: 'Forget delivered events and answered commands',
});

/** The nightly clean-up of one domain's outbox and commands. */
export async function cleanDomain(domain: Domain): Promise<{ events: number; commands: number }> {
  return await clean({ domain });
}
