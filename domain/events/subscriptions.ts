import { publishedTypes } from '../webhooks/public-events.ts';

/**
 * Who hears which events. The outbox writes one delivery a consumer in the transaction of the event itself, so a
 * consumer that is down, slow or failing holds back nobody but itself.
 */
export const subscriptions = {
  /** Everything that happens, kept for ever in the audit log. */
  audit: ['*'],
  /** Starts of workflows: the only way from a committed command to a running process. */
  'workflow-starts': [
    'search.batch_submitted',
    'search.batch_retry_started',
    'search.batch_deleted',
    'search.import_submitted',
    'search.record_set_deletion_requested',
    'search.erasure_requested',
    'identity.user_deletion_requested',
    'organisation.deleted',
    'order.created',
    'return.requested',
    'order.refund_requested',
    'endpoint.recovery_requested',
    'identity.export_requested',
    'identity.export_deleted',
    'webhook.received',
    'webhook.retry_due',
    'webhooks.replay_requested',
    'design.preview_requested',
    'design.optimisation_requested',
  ],
  /** What the owner of a batch wants of it while its workflow runs. */
  'batch-signals': [
    'search.batch_paused',
    'search.batch_resumed',
    'search.batch_cancel_requested',
    'search.batch_changed',
  ],
  /** What others than its process have made of an order. */
  'order-signals': [
    'order.status_changed',
    'order.amended',
    'order.paid',
    'order.payment_changed',
    'order.refund_failed',
    'fulfillment.created',
    'fulfillment.cancelled',
    'fulfillment.unblocked',
    'shipment.updated',
    'return.approved',
    'return.declined',
    'return.received',
  ],
  /** What a package waits for whose carrier has to know more of it. */
  'waiting-packages': [
    'inventory.item_added',
    'inventory.item_changed',
    'inventory.location_added',
    'inventory.location_changed',
    'inventory.location_removed',
  ],
  /** What shops, processors and carriers have told of orders by webhook. */
  'order-webhooks': [
    'webhook.order_created',
    'webhook.order_updated',
    'webhook.order_refunded',
    'webhook.tracking_updated',
    'webhook.payment_authorized',
    'webhook.payment_failed',
    'webhook.payment_canceled',
    'webhook.payment_succeeded',
    'webhook.payment_refunded',
    'webhook.payment_disputed',
    'webhook.stale',
  ],
  /** What people are told of: users of their accounts, their work and their endpoints, customers of their orders. */
  notices: [
    'identity.email_verification_requested',
    'identity.password_reset_requested',
    'identity.email_change_requested',
    'identity.invitation_created',
    'identity.security_notice',
    'search.batch_completed',
    'search.batch_cancelled',
    'search.batch_failed',
    'endpoint.disabled',
    'message.attempt_exhausted',
    'message.recovered',
    'order.created',
    'order.customer_action_required',
    'order.shipped',
    'order.delivered',
    'order.cancelled',
    'order.timed_out',
    'order.failed',
    'order.refunded',
    'order.notice_requested',
    'notification.test_requested',
  ],
  /** Whose notices are to be forgotten. */
  'notice-erasure': ['user.deleted', 'identity.member_removed'],
  /** Under which names others now know something: webhooks that spoke of it too early go on. */
  'webhook-subjects': ['order.created', 'order.external_ids_added'],
  /** Marks the days whose search statistics must be counted again. */
  'search-statistics': ['search.performed', 'search.batch_completed'],
  /** Versions of designs that were ordered: they are kept. */
  'design-orders': ['order.created', 'order.amended'],
  /** What organisations may have sent to their own endpoints. */
  'webhook-messages': publishedTypes,
} as const satisfies Record<string, readonly string[]>;

export type Consumer = keyof typeof subscriptions;

export const consumers = Object.keys(subscriptions) as Consumer[];

const hearing = new Map<string, readonly Consumer[]>();

/** The consumers that hear an event of this type. */
export function consumersOf(type: string): readonly Consumer[] {
  let found = hearing.get(type);
  if (!found) {
    found = consumers.filter((consumer) => {
      const types: readonly string[] = subscriptions[consumer];
      return types.includes('*') || types.includes(type);
    });
    hearing.set(type, found);
  }
  return found;
}
