import { domains, type Domain } from '../domain/domains.ts';
import type { CronWork } from './schedules.ts';

/** The audit domain only listens: it has no outbox and takes no commands. */
const cleaned = domains.filter((domain) => domain !== 'audit');

const cleanUp = (domain: Domain): CronWork => ({
  name: `clean-${domain}`,
  domain,
  cron: '15 3 * * *',
  jitter: '10 minutes',
  workflowType: 'cleanDomain',
  args: [domain],
  summary: `Forget delivered events and answered commands of ${domain}`,
});

/** All cron work there is. Reconciled with the Temporal Schedules whenever a worker starts. */
export const cronWork: readonly CronWork[] = cleaned.map(cleanUp);
