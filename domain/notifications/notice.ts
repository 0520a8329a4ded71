import type { Category, Channel } from './categories.ts';

/** What a notice says, wherever it is read. Plain text: who shows it escapes it. */
export interface NoticeContent {
  subject: string;
  paragraphs: readonly string[];
  /** The one thing to do, if there is one. */
  action?: { label: string; url: string };
  /** Why the reader gets it, and what to do about it otherwise. */
  footer: string;
}

/** The kinds of notices. A notice that is kept names its kind, so a name is never changed once released. */
export const kinds = {
  'account.verification': kind('account', ['email']),
  'account.password_reset': kind('account', ['email']),
  'account.email_change': kind('account', ['email']),
  'account.invitation': kind('account', ['email']),
  'account.test': kind('account', ['email', 'in_app', 'webhook']),
  'security.notice': kind('security', ['email', 'in_app', 'webhook'], 'critical'),
  'batch.ended': kind('batches'),
  'webhook.endpoint_disabled': kind('webhook_health', everywhere(), 'warning'),
  'webhook.message_exhausted': kind('webhook_health', everywhere(), 'warning'),
  'webhook.message_recovered': kind('webhook_health', everywhere(), 'success'),
  'order.notice': kind('orders', ['email', 'webhook']),
} as const satisfies Record<string, NoticeKind>;

export type Kind = keyof typeof kinds;

interface NoticeKind {
  category: Category;
  channels: readonly Channel[];
  severity: 'info' | 'success' | 'warning' | 'critical';
}

function everywhere(): readonly Channel[] {
  return ['email', 'in_app', 'webhook'];
}

function kind(
  category: Category,
  channels: readonly Channel[] = everywhere(),
  severity: NoticeKind['severity'] = 'info',
): NoticeKind {
  return { category, channels, severity };
}

export function isKind(name: string): name is Kind {
  return Object.hasOwn(kinds, name);
}

/** What becomes of a message on one channel. */
export const deliveryStates = ['pending', 'sent', 'failed', 'suppressed', 'skipped', 'unknown'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export const suppressionReasons = ['bounce', 'complaint', 'unsubscribe', 'manual'] as const;
export type SuppressionReason = (typeof suppressionReasons)[number];

/** How long notices, their deliveries and attempts are kept, in days. */
export const keptDays = 90;
/** How long an address is known that nothing is sent to any more, in days: so long links to unsubscribe hold. */
export const addressKeptDays = 400;
