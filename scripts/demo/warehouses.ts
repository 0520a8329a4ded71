import type { DemoClient } from './demo-client.ts';

/** Where the things of Shopify's example order are, and what each weighs in grams. The lens protection is a paper. */
const stock = [
  { sku: 'SKU2006-001', location: 'demo-east', weight_grams: 100 },
  { sku: 'LENS-PROTECT-2YR', location: 'demo-east', weight_grams: 0 },
  { sku: 'CASE-LEATHER-PREM', location: 'demo-east', weight_grams: 180 },
  { sku: 'SKU2006-020', location: 'demo-west', weight_grams: 1_000 },
  { sku: 'SKU2006-035', location: 'demo-west', weight_grams: 500 },
] as const;

const senders = {
  'demo-east': {
    company: 'Demo shop',
    line1: '1 Dock Road',
    city: 'Newark',
    region: 'NJ',
    postcode: '07114',
    country: 'US',
    phone: '+1 973 555 0100',
  },
  'demo-west': {
    company: 'Demo shop',
    line1: '2 Pier Street',
    city: 'Oakland',
    region: 'CA',
    postcode: '94607',
    country: 'US',
    phone: '+1 510 555 0100',
  },
} as const;

/**
 * Two warehouses, with one of each thing more than before, so that every demo finds what it needs.
 *
 * @param byCarrier labels are bought for what leaves them
 */
export async function stockWarehouses(api: DemoClient, byCarrier: boolean): Promise<void> {
  for (const { sku, location, weight_grams } of stock) {
    await api.ensure('/v1/stock', { sku, title: sku, price: '1000', currency: 'USD', weight_grams });
    await api.post(`/v1/stock/${sku}/locations/${location}/adjust`, { by: 1 });
  }
  if (!byCarrier) return;
  for (const [location, sender] of Object.entries(senders))
    await api.ensure('/v1/stock-locations', { location, sender });
}
