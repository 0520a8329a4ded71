import { setTimeout as pause } from 'node:timers/promises';
import type { DemoClient } from './demo-client.ts';

interface Order {
  id: string;
  number: string;
  status: string;
  fulfillments: { id: string; number: number; location: string; status: string }[];
}

interface Entry {
  version: number;
  type: string;
  data: Record<string, unknown>;
  actor: { type: string };
}

const reports = ['picked_up', 'in_transit', 'out_for_delivery', 'delivered'] as const;

/** Follows an order from its placement to its delivery, with each entry of its timeline as it comes. */
export async function demonstrateOrder(
  api: DemoClient,
  print: (text: string) => void,
  workflowsUrl: string | null,
): Promise<void> {
  const sku = `MUG-${Date.now()}`;
  await api.post('/v1/stock', { sku, title: 'Mug', price: '1250', currency: 'EUR' });
  await api.post(`/v1/stock/${sku}/locations/berlin/adjust`, { by: 2 });
  await api.post(`/v1/stock/${sku}/locations/lyon/adjust`, { by: 1 });
  const order = await api.post<Order>('/v1/orders', {
    currency: 'EUR',
    customer: { email: 'ada@example.com', name: 'Ada Lovelace' },
    shipping_address: { line1: 'Invalidenstr. 1', city: 'Berlin', postcode: '10115', country: 'DE' },
    lines: [{ sku, quantity: 3 }],
    payment: { mode: 'external', paid: '3750' },
  });
  print(`   Order ${order.number}: 3 mugs, of which Berlin has two and Lyon one`);
  if (workflowsUrl) print(`   Its workflow: ${workflowsUrl}/order:${order.id}`);
  const address = `/v1/orders/${order.id}`;
  let seen = 0;
  const follow = async (status: string): Promise<Order> => {
    for (;;) {
      const now = await api.get<Order>(address);
      const { items } = await api.get<{ items: Entry[] }>(`${address}/timeline?limit=200`);
      for (const entry of items.filter(({ version }) => version > seen)) {
        seen = entry.version;
        print(`   ${String(entry.version).padStart(3)} ${entry.type.padEnd(24)} ${words(entry)}`);
      }
      if (now.status === status) return now;
      await pause(100);
    }
  };
  const { fulfillments } = await follow('shipped');
  for (const { id } of fulfillments)
    for (const status of reports) {
      const occurred_at = new Date().toISOString();
      await api.post(`${address}/fulfillments/${id}/tracking`, { status, occurred_at });
    }
  await follow('completed');
}

function words({ data, actor }: Entry): string {
  const { from, to, location, tracking_status: tracked, amount, currency } = data as Record<string, string>;
  const parts = [
    from && to ? `${from} → ${to}` : '',
    location ?? '',
    tracked ?? '',
    amount ? `${amount} ${currency ?? ''}` : '',
    actor.type === 'system' ? '' : `(${actor.type})`,
  ];
  return parts.filter(Boolean).join(' ');
}
