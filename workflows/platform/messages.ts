import type { Domain } from '../../domain/domains.ts';

export interface PlatformActivities {
  /** Forgets what the outbox and the answered commands of a domain no longer owe to anybody. */
  cleanDomain(input: { domain: Domain }): Promise<{ events: number; commands: number }>;
}
