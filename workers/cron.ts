import { publishingDomains, type Domain } from '../domain/domains.ts';
import type { CronWork } from './schedules.ts';

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
export const cronWork: readonly CronWork[] = [
  ...publishingDomains.map(cleanUp),
  {
    name: 'rotate-signing-keys',
    domain: 'identity',
    cron: '45 2 * * *',
    jitter: '10 minutes',
    workflowType: 'rotateSigningKeys',
    args: [],
    summary: 'Renew the keys that sign access tokens when they are old enough',
  },
  {
    name: 'reseal-tenant-keys',
    domain: 'identity',
    cron: '50 2 * * *',
    jitter: '10 minutes',
    workflowType: 'resealTenantKeys',
    args: [],
    summary: 'Seal the keys of tenants anew when the key ring has a new first key',
  },
  {
    name: 'clean-accounts',
    domain: 'identity',
    cron: '30 3 * * *',
    jitter: '10 minutes',
    workflowType: 'cleanIdentity',
    args: [],
    summary: 'Forget sessions, links and counters that are over',
  },
  {
    name: 'expire-exports',
    domain: 'identity',
    cron: '20 * * * *',
    jitter: '5 minutes',
    workflowType: 'expireExports',
    args: [],
    summary: 'Delete archives of exports whose time is over',
  },
  {
    name: 'search-statistics',
    domain: 'search',
    cron: '*/5 * * * *',
    jitter: '30 seconds',
    workflowType: 'aggregateSearchStatistics',
    args: [],
    summary: 'Count the search statistics of days that have changed',
  },
  {
    name: 'tidy-searches',
    domain: 'search',
    cron: '0 4 * * *',
    jitter: '10 minutes',
    workflowType: 'tidySearches',
    args: [],
    summary: 'Forget stale answers and searches older than the log is kept',
  },
  {
    name: 'expire-search-files',
    domain: 'search',
    cron: '30 4 * * *',
    jitter: '10 minutes',
    workflowType: 'expireSearchFiles',
    args: [],
    summary: 'Delete uploads that nothing uses, and the rows and files of processes that ended long ago',
  },
  {
    name: 'tidy-webhook-messages',
    domain: 'webhooks',
    cron: '15 4 * * *',
    jitter: '10 minutes',
    workflowType: 'tidyMessages',
    args: [],
    summary: 'Forget messages to endpoints that are older than they are kept',
  },
];
