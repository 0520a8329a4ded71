import { domains } from '../domain/domains.ts';
import type { CronWork } from './schedules.ts';

/** All cron work there is. Reconciled with the Temporal Schedules whenever a worker starts. */
export const cronWork: readonly CronWork[] = [
  ...domains
    .filter((domain) => domain !== 'audit')
    .map((domain): CronWork => ({
      name: `clean-${domain}`,
      domain,
      cron: '15 3 * * *',
      jitter: '10 minutes',
      workflowType: 'cleanDomain',
      args: [domain],
      summary: `Forget delivered events and answered commands of ${domain}`,
    })),
];
