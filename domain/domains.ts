/** The domains that run today, each one schema, one queue and one folder a layer. */
export const domains = [
  'identity',
  'search',
  'webhooks',
  'orders',
  'designs',
  'notifications',
  'audit',
] as const;

export type Domain = (typeof domains)[number];

export function isDomain(name: string): name is Domain {
  return (domains as readonly string[]).includes(name);
}

/** Those that publish events and take commands. The audit log only listens. */
export const publishingDomains: readonly Domain[] = domains.filter((domain) => domain !== 'audit');
