import { z } from 'zod';
import { emailInput } from '../email-address.ts';
import { labelStates } from '../../domain/orders/label-state.ts';
import { fulfillmentStatuses } from '../../domain/orders/fulfillment-status.ts';
import { largestAmount } from '../../domain/orders/money.ts';
import { mostLines } from '../../domain/orders/lines.ts';
import { orderStatuses } from '../../domain/orders/order-status.ts';
import { paymentStatuses } from '../../domain/orders/payment-status.ts';
import { returnStatuses } from '../../domain/orders/return-status.ts';
import { trackingStatuses } from '../../domain/orders/tracking.ts';

export const idParams = z.object({ id: z.uuid() });

/** An amount in a body: an integer of minor units, as text, because JSON's numbers lose large ones. */
export const amountInput = z
  .string()
  .regex(/^(0|[1-9]\d{0,11})$/, 'An amount is a whole number of minor units, such as "1999".')
  .meta({ description: 'Minor units of the currency, such as cents.', example: '1999' })
  .transform((text) => BigInt(text))
  .refine((amount) => amount <= largestAmount);

export const currencyInput = z
  .string()
  .regex(/^[A-Z]{3}$/, 'A currency is three capital letters (ISO 4217).')
  .meta({ example: 'EUR' });

export const locationInput = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,49}$/, 'A location is lower-case letters, digits and dashes.')
  .meta({ example: 'berlin' });

export const skuInput = z.string().trim().min(1).max(100).meta({ example: 'TSHIRT-M' });
const text = (most: number) => z.string().trim().min(1).max(most);
export const reasonInput = text(500).meta({ example: 'The customer asked for it.' });

/** A ton at most: heavier goes by no parcel service. */
export const weightInput = z.int().min(0).max(1_000_000).meta({ example: 350 });

const addressFields = {
  name: text(200).optional(),
  line1: text(200),
  line2: text(200).optional(),
  city: text(200),
  region: text(100).optional(),
  postcode: text(30).optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'A country is two capital letters (ISO 3166-1).')
    .meta({ example: 'DE' }),
};

/** Who sends, as it stands on a label. */
export const senderInput = z
  .strictObject({ ...addressFields, company: text(200).optional(), phone: text(50).optional() })
  .refine(({ name, company }) => name !== undefined || company !== undefined, {
    error: 'A sender has a name or a company.',
    path: ['name'],
  })
  .meta({
    id: 'Sender',
    example: {
      company: 'Mugs & Co',
      line1: 'Invalidenstr. 1',
      city: 'Berlin',
      postcode: '10115',
      country: 'DE',
      phone: '+49 30 1234567',
    },
  });

export const addressInput = z.strictObject(addressFields).meta({
  id: 'Address',
  example: {
    name: 'Ada Lovelace',
    line1: 'Invalidenstr. 1',
    city: 'Berlin',
    postcode: '10115',
    country: 'DE',
  },
});

const customerInput = z.strictObject({
  email: emailInput.meta({ example: 'ada@example.com' }),
  name: text(200).optional(),
  phone: text(50).optional(),
});

export const lineInput = z.strictObject({
  sku: skuInput,
  title: text(300).optional().meta({ description: 'Without it that of the item.' }),
  quantity: z.int().min(1).max(10_000),
  unit_price: amountInput.optional().meta({ description: 'Without it the present price of the item.' }),
  discount: amountInput.optional().meta({ description: 'Of the whole line.' }),
  tax: amountInput.optional().meta({ description: 'Of the whole line, on top of its price.' }),
  design: z.strictObject({ id: z.uuid(), version: z.int().min(1) }).optional(),
  weight_grams: weightInput.optional().meta({
    description: 'Of a unit as it is packed, for what is no item. Of an item its own weight holds.',
  }),
});

export const newOrder = z
  .strictObject({
    external_id: text(200).optional().meta({ description: 'Your own name for it. One order for each.' }),
    currency: currencyInput,
    customer: customerInput,
    shipping_address: addressInput.optional(),
    lines: z.array(lineInput).min(1).max(mostLines),
    shipping: amountInput.optional(),
    payment: z
      .discriminatedUnion('mode', [
        z.strictObject({
          mode: z.literal('processor'),
          method: text(200).meta({ example: 'pm_card_visa' }),
          capture: z.enum(['on_shipment', 'immediately']).default('on_shipment'),
        }),
        z.strictObject({ mode: z.literal('external'), paid: amountInput.optional() }),
      ])
      .meta({ description: '`processor`: taken by us. `external`: paid elsewhere, as far as `paid` says.' }),
    fulfillment: z.enum(['automatic', 'manual']).default('automatic').meta({
      description: '`manual`: nothing leaves before `POST …/fulfillments` says so.',
    }),
    action_deadline_hours: z.number().positive().max(8_760).default(72).meta({
      description: 'How long a customer who is asked has time.',
    }),
  })
  .meta({
    id: 'NewOrder',
    example: {
      currency: 'EUR',
      customer: { email: 'ada@example.com', name: 'Ada Lovelace' },
      shipping_address: { line1: 'Invalidenstr. 1', city: 'Berlin', postcode: '10115', country: 'DE' },
      lines: [{ sku: 'TSHIRT-M', title: 'T-shirt, M', quantity: 2, unit_price: '1999' }],
      shipping: '490',
      payment: { mode: 'processor', method: 'pm_card_visa' },
    },
  });
export type NewOrderInput = z.output<typeof newOrder>;

/** A quantity of a line is said once. */
export function namesEachOnce(lines: readonly { line_id: string }[]): boolean {
  return new Set(lines.map(({ line_id: id }) => id)).size === lines.length;
}

export const unitsInput = z
  .array(z.strictObject({ line_id: z.uuid(), quantity: z.int().min(1).max(10_000) }))
  .min(1)
  .max(200)
  .refine(namesEachOnce, 'A line is named twice.');

/** A label that somebody has bought elsewhere. */
export const trackingInput = z.strictObject({
  carrier: text(100),
  number: text(100),
  url: z
    .url({ protocol: /^https?$/ })
    .max(1_000)
    .optional(),
});

const count = z.int().min(0);
const amount = z.string().meta({ example: '1999' });
const moment = z.iso.datetime();
const problem = z.object({ code: z.string(), message: z.string() });
const unitsShape = z.array(z.object({ line_id: z.uuid(), quantity: count }));

const fulfillmentShape = z
  .object({
    id: z.uuid(),
    number: z.int(),
    status: z.enum(fulfillmentStatuses),
    location: z.string(),
    lines: unitsShape,
    amount,
    carrier: z.string().nullable(),
    tracking_number: z.string().nullable(),
    tracking_url: z.string().nullable(),
    service: z.string().nullable(),
    label_state: z.enum(labelStates).meta({
      description:
        '`waiting`: its carrier has to know more, see `problem`. `none`: it leaves by hand, or has none yet. `kept`: called off, and not taken back.',
    }),
    label_url: z.string().nullable().meta({ description: 'Where the label is downloaded.' }),
    label_cost: z.object({ amount, currency: z.string() }).nullable(),
    tracking_status: z.enum(trackingStatuses).nullable(),
    problem: problem.nullable(),
    created_at: moment,
    shipped_at: moment.nullable(),
    delivered_at: moment.nullable(),
  })
  .meta({ id: 'Fulfillment' });

export const orderShape = z
  .object({
    id: z.uuid(),
    number: z.string().meta({ example: '7K3-M9Q-X2T' }),
    source: z.string().meta({ example: 'api' }),
    external_id: z.string().nullable(),
    source_order_id: z.uuid().nullable(),
    status: z.enum(orderStatuses),
    payment_status: z.enum(paymentStatuses),
    return_status: z.enum(returnStatuses),
    hold_reason: z.string().nullable(),
    deadline: moment.nullable().meta({ description: 'Until when the customer can answer or pay.' }),
    problem: problem.nullable(),
    currency: z.string(),
    customer: z.object({ email: z.string(), name: z.string().nullable(), phone: z.string().nullable() }),
    shipping_address: z.record(z.string(), z.string()).nullable(),
    lines: z.array(
      z.object({
        id: z.uuid(),
        sku: z.string(),
        title: z.string(),
        quantity: count,
        unit_price: amount,
        discount: amount,
        tax: amount,
        missing: z.boolean().meta({ description: 'Not to be had: the customer has to decide.' }),
        cancelled: count,
        shipped: count,
        delivered: count,
        returned: count,
        design: z.object({ id: z.uuid(), version: z.int() }).nullable(),
      }),
    ),
    fulfillment: z.enum(['automatic', 'manual']),
    fulfillments: z.array(fulfillmentShape),
    totals: z.object({
      shipping: amount,
      credit: amount,
      due: amount,
      authorized: amount,
      captured: amount,
      refunded: amount,
    }),
    created_at: moment,
    updated_at: moment,
    finished_at: moment.nullable(),
  })
  .meta({ id: 'Order' });

export const orderStatusShape = z
  .object({
    id: z.uuid(),
    number: z.string(),
    status: z.enum(orderStatuses),
    payment_status: z.enum(paymentStatuses),
    return_status: z.enum(returnStatuses),
    deadline: moment.nullable(),
    version: z.int().meta({ description: 'Counts the entries of its timeline.' }),
    updated_at: moment,
  })
  .meta({ id: 'OrderStatus' });

export const timelineShape = z
  .object({
    version: z.int(),
    type: z.string().meta({ example: 'order.status_changed' }),
    data: z.record(z.string(), z.unknown()),
    actor: z.object({
      type: z.enum(['user', 'customer', 'system', 'carrier', 'source']),
      id: z.uuid().nullable(),
    }),
    occurred_at: moment,
  })
  .meta({ id: 'OrderTimelineEntry' });

export const trackingShape = z
  .object({
    packages: z.array(
      z.object({
        fulfillment_id: z.uuid(),
        status: z.enum(fulfillmentStatuses),
        carrier: z.string().nullable(),
        tracking_number: z.string().nullable(),
        tracking_url: z.string().nullable(),
        tracking_status: z.enum(trackingStatuses).nullable(),
        lines: unitsShape,
        events: z.array(
          z.object({
            status: z.enum(trackingStatuses),
            message: z.string().nullable(),
            place: z.string().nullable(),
            occurred_at: moment,
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'OrderTracking' });

/** What a customer sees who names the number and the address: no address, no money. */
export const lookupShape = z
  .object({
    number: z.string(),
    status: z.enum(orderStatuses),
    lines: z.array(z.object({ title: z.string(), quantity: count, shipped: count, delivered: count })),
    packages: z.array(
      z.object({
        status: z.enum(fulfillmentStatuses),
        carrier: z.string().nullable(),
        tracking_number: z.string().nullable(),
        tracking_url: z.string().nullable(),
        tracking_status: z.enum(trackingStatuses).nullable(),
      }),
    ),
    created_at: moment,
  })
  .meta({ id: 'OrderLookup' });
