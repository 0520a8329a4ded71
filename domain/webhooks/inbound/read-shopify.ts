import { at, idOf, momentOf } from './pointer.ts';
import { required, type Readable, type Reading } from './reading.ts';

/** Topics that carry no whole order or product, or that nobody here needs. */
const unread = new Set([
  'orders/edited',
  'orders/risk_assessment_changed',
  'orders/shopify_protect_eligibility_changed',
]);

/** Reads the topics `orders/…`, `refunds/create` and `products/…` of the Admin API. */
export function readShopify({ topic, body }: Readable): Reading | null {
  const [family, action] = topic.split('/', 2);
  if (unread.has(topic)) return null;
  const externalId = required(idOf(at('/id', body)), 'id');
  const occurredAt = momentOf(at('/updated_at', body)) ?? momentOf(at('/created_at', body));
  if (family === 'orders') {
    const created = action === 'create';
    return {
      event: created ? 'webhook.order_created' : 'webhook.order_updated',
      entity: { kind: 'order', externalId },
      occurredAt,
      // A new order and its first change may bear the same second.
      rank: created ? 0 : action === 'delete' ? 2 : 1,
      final: action === 'delete',
      subjects: [],
      facts: {
        deleted: action === 'delete',
        currency: textAt('/currency', body),
        total: textAt('/current_total_price', body) ?? textAt('/total_price', body),
        financial_status: textAt('/financial_status', body),
        fulfillment_status: textAt('/fulfillment_status', body),
        cancelled: at('/cancelled_at', body) !== null && at('/cancelled_at', body) !== undefined,
        test: at('/test', body) === true,
      },
    };
  }
  if (topic === 'refunds/create')
    return {
      event: 'webhook.order_refunded',
      entity: { kind: 'refund', externalId },
      occurredAt,
      rank: 0,
      final: false,
      // As orders are named that came from a shop.
      subjects: [`shopify:order:${required(idOf(at('/order_id', body)), 'order_id')}`],
      facts: {},
    };
  if (family !== 'products') return null;
  return {
    event: action === 'delete' ? 'webhook.product_deleted' : 'webhook.product_updated',
    entity: { kind: 'product', externalId },
    occurredAt,
    rank: action === 'create' ? 0 : 1,
    final: action === 'delete',
    subjects: [],
    facts: { status: textAt('/status', body) },
  };
}

/** A short text of the provider's own vocabulary; null for anything else. */
export function textAt(pointer: string, body: unknown): string | null {
  const value = at(pointer, body);
  return typeof value === 'string' && value.length <= 100 ? value : null;
}
