import { z } from 'zod';
import { Failure } from '../failure.ts';
import { mostRefunds, shopifyRefund, toShopRefund, type ShopRefund } from './shop-refund.ts';
import { currency as currencyCode, decimal, id, issuesOf, minorUnits, text } from './shop-values.ts';

/** What a shop says of one of its orders, in our words. */
export interface ShopOrder {
  externalId: string;
  currency: string;
  /** Paid whole, there. */
  paid: boolean;
  /** Paid, and given back whole. */
  refunded: boolean;
  /** Every refund of it so far. */
  refunds: ShopRefund[];
  cancelled: boolean;
  shipping: bigint;
  customer: { email: string; name: string | null; phone: string | null };
  shippingAddress: ShopAddress | null;
  lines: {
    externalId: string;
    sku: string;
    title: string;
    quantity: number;
    unitPrice: bigint;
    discount: bigint;
    tax: bigint;
    /** Of a unit; null where the shop does not know. */
    weightGrams: number | null;
    /** What a property of the line says of its design, as it stands there; null without one. */
    design: string | null;
  }[];
}

export interface ShopAddress {
  name?: string;
  line1: string;
  line2?: string;
  city: string;
  region?: string;
  postcode?: string;
  country: string;
}

const sums = z.array(z.looseObject({ amount: decimal.optional(), price: decimal.optional() })).nullish();

const shopify = z.looseObject({
  id,
  currency: currencyCode,
  financial_status: text,
  cancelled_at: text,
  taxes_included: z.boolean().nullish(),
  email: text,
  contact_email: text,
  phone: text,
  customer: z.looseObject({ first_name: text, last_name: text, email: text, phone: text }).nullish(),
  shipping_address: z
    .looseObject({
      name: text,
      address1: text,
      address2: text,
      city: text,
      province: text,
      zip: text,
      country_code: text,
    })
    .nullish(),
  total_shipping_price_set: z.looseObject({ shop_money: z.looseObject({ amount: decimal }) }).nullish(),
  line_items: z
    .array(
      z.looseObject({
        id,
        sku: text,
        variant_id: id.nullish(),
        title: text,
        name: text,
        quantity: z.int().min(1).max(1_000_000),
        price: decimal,
        grams: z.number().min(0).max(1_000_000).nullish(),
        requires_shipping: z.boolean().nullish(),
        properties: z
          .array(
            z.looseObject({ name: text, value: z.union([z.string(), z.number()]).nullish().catch(null) }),
          )
          .nullish()
          .catch(null),
        discount_allocations: sums,
        tax_lines: sums,
      }),
    )
    .min(1),
  refunds: z.array(shopifyRefund).max(mostRefunds).nullish(),
});

/**
 * Reads an order as Shopify's Admin API tells it.
 *
 * @throws Failure `orders.shop_order_unreadable` for what is no such order; it names places, and no values
 */
export function readShopifyOrder(body: unknown): ShopOrder {
  const read = shopify.safeParse(body);
  if (!read.success)
    throw new Failure('orders.shop_order_unreadable', 'It is not an order as Shopify tells it.', {
      issues: issuesOf(read.error),
    });
  const order = read.data;
  const { currency } = order;
  const minor = (amount: string | undefined) => minorUnits(amount ?? '0', currency);
  return {
    externalId: order.id,
    currency,
    paid: ['paid', 'partially_refunded', 'refunded'].includes(order.financial_status ?? ''),
    refunded: order.financial_status === 'refunded',
    refunds: (order.refunds ?? []).map((refund) => toShopRefund(refund, currency)),
    cancelled: Boolean(order.cancelled_at),
    shipping: minor(order.total_shipping_price_set?.shop_money.amount),
    customer: customerOf(order),
    shippingAddress: addressOf(order.shipping_address),
    lines: order.line_items.map((line) => {
      const discount = (line.discount_allocations ?? []).reduce((sum, one) => sum + minor(one.amount), 0n);
      const unitPrice = minor(line.price);
      const most = unitPrice * BigInt(line.quantity);
      return {
        externalId: line.id,
        // What has no SKU is known by its variant, or by nothing but itself.
        sku: line.sku || (line.variant_id ? `variant:${line.variant_id}` : `line:${line.id}`),
        title: line.title || line.name || line.sku || line.id,
        quantity: line.quantity,
        unitPrice,
        discount: discount < most ? discount : most,
        tax: order.taxes_included
          ? 0n
          : (line.tax_lines ?? []).reduce((sum, one) => sum + minor(one.price), 0n),
        // Of what must be shipped, 0 says that nobody has weighed it.
        design: designNamed(line.properties ?? []),
        weightGrams: line.grams ? Math.ceil(line.grams) : line.requires_shipping === false ? 0 : null,
      };
    }),
  };
}

interface Property {
  name?: string | null | undefined;
  value?: string | number | null | undefined;
}

/** The property of a line that names its design. Shops hide names that begin with `_` from their customers. */
const designProperty = '_perdure_design';

function designNamed(properties: readonly Property[]): string | null {
  const value = properties.find(({ name }) => name === designProperty)?.value;
  return value === undefined || value === null || value === '' ? null : String(value).slice(0, 100);
}

/**
 * Reads what a line says of its design: its id, and the number of a version behind a colon, if it is not to be the newest.
 *
 * @returns null for what is no such name
 */
export function readDesignName(name: string): { id: string; version: number | null } | null {
  const [, id, version] =
    /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?::([1-9]\d{0,8}))?$/.exec(name.trim().toLowerCase()) ??
    [];
  if (id === undefined) return null;
  return { id, version: version === undefined ? null : Number(version) };
}

function customerOf(order: z.output<typeof shopify>): ShopOrder['customer'] {
  const { customer } = order;
  const name = [customer?.first_name, customer?.last_name].filter(Boolean).join(' ');
  return {
    email: order.email || order.contact_email || customer?.email || '',
    name: name || null,
    phone: order.phone || customer?.phone || null,
  };
}

function addressOf(address: z.output<typeof shopify>['shipping_address']): ShopAddress | null {
  if (!address?.address1 || !address.city || !address.country_code) return null;
  return {
    line1: address.address1,
    city: address.city,
    country: address.country_code,
    ...(address.name ? { name: address.name } : {}),
    ...(address.address2 ? { line2: address.address2 } : {}),
    ...(address.province ? { region: address.province } : {}),
    ...(address.zip ? { postcode: address.zip } : {}),
  };
}
