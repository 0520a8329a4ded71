import { z } from 'zod';
import { firstVersion, type PublicEvent } from '../events/public-event.ts';

const someId = '01989b2e-0000-7000-8000-000000000001';
const order = z.object({
  order_id: z.string(),
  number: z.string(),
  external_id: z.string().nullable(),
  status: z.string(),
  payment_status: z.string(),
  version: z.int(),
});
const orderExample = {
  order_id: someId,
  number: 'P-1001',
  external_id: null,
  status: 'processing',
  payment_status: 'authorized',
  version: 7,
};
const lines = z.array(z.object({ line_id: z.string(), quantity: z.int() }));
const linesExample = [{ line_id: someId, quantity: 2 }];
const reason = z.string().nullish();

/** An event that tells how the order stands, and what its shape has besides. */
function told(
  type: string,
  summary: string,
  more: z.ZodRawShape = {},
  example: Record<string, unknown> = {},
): PublicEvent {
  return firstVersion(type, type, summary, order.extend(more), { ...orderExample, ...example });
}

/** An event with a reason why, if there is one. */
function ended(type: string, summary: string): PublicEvent {
  return told(type, summary, { reason });
}

/**
 * What orders let an organisation's own systems hear: references, quantities and amounts. Who has ordered, and where it goes,
 * is asked of the API.
 */
export const orderPublicEvents: readonly PublicEvent[] = [
  told(
    'order.created',
    'An order was placed.',
    { total: z.string(), currency: z.string() },
    { status: 'pending', total: '4990', currency: 'EUR' },
  ),
  told(
    'order.status_changed',
    'An order has another status.',
    { from: z.string(), to: z.string(), reason, actor: z.string() },
    { from: 'pending', to: 'processing', actor: 'process' },
  ),
  ended('order.customer_action_required', 'Something is missing, and the customer has to say what to do.'),
  told(
    'order.design_unknown',
    'An order of a shop names a design that is not known here.',
    { lines },
    { status: 'pending', lines: linesExample },
  ),
  told('order.amended', 'What was ordered has been changed.'),
  ended('order.held', 'An order is held.'),
  told('order.released', 'An order that was held goes on.'),
  told(
    'order.paid',
    'An order is paid in full.',
    { amount: z.string(), currency: z.string() },
    { payment_status: 'paid', amount: '4990', currency: 'EUR' },
  ),
  told(
    'order.payment_failed',
    'A payment was refused.',
    { code: z.string().nullish() },
    { code: 'card_declined' },
  ),
  told(
    'order.shipped',
    'A package has left.',
    {
      fulfillment_id: z.string(),
      carrier: z.string().nullable(),
      tracking_number: z.string().nullable(),
      tracking_url: z.string().nullable(),
      lines,
    },
    {
      status: 'shipped',
      fulfillment_id: someId,
      carrier: 'FedEx',
      tracking_number: '123456789012',
      tracking_url: null,
      lines: linesExample,
    },
  ),
  ended('order.delivered', 'Everything of an order has arrived.'),
  ended('order.completed', 'An order is done.'),
  ended('order.cancelled', 'An order was cancelled.'),
  ended('order.timed_out', 'The customer has not said in time what to do.'),
  ended('order.failed', 'An order could not be fulfilled.'),
  told(
    'order.refunded',
    'Money was given back.',
    {
      refund_id: z.string(),
      amount: z.string().optional(),
      currency: z.string().optional(),
      cause: z.string().nullish(),
      external_refund_id: z.string().nullish(),
      lines: lines.optional(),
    },
    { payment_status: 'refunded', refund_id: someId, amount: '4990', currency: 'EUR', cause: 'return' },
  ),
  told(
    'fulfillment.created',
    'A part of an order is prepared at a location.',
    { fulfillment_id: z.string(), location: z.string(), lines },
    { fulfillment_id: someId, location: 'berlin', lines: linesExample },
  ),
  told(
    'fulfillment.cancelled',
    'A package was called off.',
    { fulfillment_id: z.string(), reason, lines },
    { fulfillment_id: someId, lines: linesExample },
  ),
  told(
    'fulfillment.blocked',
    'A package waits, because its carrier has to know more of it.',
    { fulfillment_id: z.string(), code: z.string() },
    { fulfillment_id: someId, code: 'orders.weight_missing' },
  ),
  told(
    'shipment.updated',
    'A carrier has told where a package is.',
    {
      fulfillment_id: z.string(),
      tracking_status: z.string().nullable(),
      tracking_number: z.string().nullish(),
    },
    { fulfillment_id: someId, tracking_status: 'in_transit', tracking_number: '123456789012' },
  ),
  ...(['requested', 'approved', 'declined', 'received'] as const).map((step) =>
    told(
      `return.${step}`,
      step === 'received' ? 'What was sent back has arrived.' : `A return was ${step}.`,
      { return_id: z.string() },
      { status: 'delivered', return_id: someId },
    ),
  ),
  told(
    'exchange.created',
    'An order replaces what was sent back.',
    { return_id: z.string(), exchange_order_id: z.string() },
    { status: 'delivered', return_id: someId, exchange_order_id: someId },
  ),
];
