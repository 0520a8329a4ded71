/** What notices are about: people choose by it. */
export const categories = ['account', 'security', 'batches', 'webhook_health', 'orders'] as const;
export type Category = (typeof categories)[number];

/** On which ways people are told. Webhooks go to the organisation's own endpoints. */
export const channels = ['email', 'in_app', 'webhook'] as const;
export type Channel = (typeof channels)[number];

/** How often: at once, or gathered into one message an hour or a day. */
export const cadences = ['instant', 'hourly', 'daily', 'never'] as const;
export type Cadence = (typeof cadences)[number];

/** Only mails are gathered: a feed is a list anyway, and machines read one event at a time. */
export const cadencesOf = {
  email: cadences,
  in_app: ['instant', 'never'],
  webhook: ['instant', 'never'],
} as const satisfies Record<Channel, readonly Cadence[]>;

interface CategoryRule {
  title: string;
  /** Bypasses preferences, digests and quiet hours. */
  critical: boolean;
  /** Which entries of the suppression list hold its mails back. `bounces`: those that a mail server has answered with. */
  heldBackBy: 'all' | 'bounces' | 'nothing';
  cadence: Record<Channel, Cadence>;
}

/**
 * What holds where nobody has said anything else.
 *
 * What somebody has just asked for (`account`) goes out whatever the suppression list says: an address that was once refused may
 * exist by now, and nobody is to be locked out. Notices of security can be neither turned off nor unsubscribed from, by
 * nobody on behalf of somebody else either.
 */
export const categoryRules: Readonly<Record<Category, CategoryRule>> = {
  account: {
    title: 'Your account',
    critical: true,
    heldBackBy: 'nothing',
    cadence: { email: 'instant', in_app: 'instant', webhook: 'never' },
  },
  security: {
    title: 'Security',
    critical: true,
    heldBackBy: 'bounces',
    cadence: { email: 'instant', in_app: 'instant', webhook: 'never' },
  },
  batches: {
    title: 'Batches',
    critical: false,
    heldBackBy: 'all',
    cadence: { email: 'instant', in_app: 'instant', webhook: 'never' },
  },
  webhook_health: {
    title: 'Health of webhooks',
    critical: false,
    heldBackBy: 'all',
    cadence: { email: 'instant', in_app: 'instant', webhook: 'never' },
  },
  orders: {
    title: 'Orders',
    critical: false,
    heldBackBy: 'all',
    cadence: { email: 'instant', in_app: 'instant', webhook: 'never' },
  },
};

/** Whether its readers may unsubscribe from it. */
export function canUnsubscribe(category: Category): boolean {
  return categoryRules[category].heldBackBy === 'all';
}

/** What a person chooses of. Notices of orders go to customers, who are no users. */
export const personalCategories = ['batches', 'webhook_health'] as const satisfies readonly Category[];

/** What an organisation chooses of, for its people and its customers. */
export const organisationCategories = [
  'batches',
  'webhook_health',
  'orders',
] as const satisfies readonly Category[];
