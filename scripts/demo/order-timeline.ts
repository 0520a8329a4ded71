import type { DemoClient } from './demo-client.ts';

export interface DemoOrder {
  id: string;
  number: string;
  external_id: string | null;
  status: string;
  currency: string;
  totals: { due: string };
  lines: { title: string; quantity: number }[];
  fulfillments: {
    id: string;
    number: number;
    location: string;
    status: string;
    carrier: string | null;
    service: string | null;
    tracking_number: string | null;
    label_url: string | null;
    label_cost: { amount: string; currency: string } | null;
  }[];
}

interface Entry {
  version: number;
  type: string;
  data: Record<string, unknown>;
  actor: { type: string };
}

/** The timeline of an order, shown entry by entry as they come. */
export class OrderTimeline {
  readonly #api: DemoClient;
  readonly #address: string;
  readonly #print: (text: string) => void;
  #seen = 0;

  constructor(api: DemoClient, orderId: string, print: (text: string) => void) {
    this.#api = api;
    this.#address = `/v1/orders/${orderId}`;
    this.#print = print;
  }

  /** Shows what is new, and gives the order as it is. */
  async look(): Promise<DemoOrder> {
    const order = await this.#api.get<DemoOrder>(this.#address);
    const { items } = await this.#api.get<{ items: Entry[] }>(`${this.#address}/timeline?limit=200`);
    for (const entry of items.filter(({ version }) => version > this.#seen)) {
      this.#seen = entry.version;
      this.#print(`   ${String(entry.version).padStart(3)} ${entry.type.padEnd(26)} ${words(entry)}`);
    }
    return order;
  }
}

function words({ data, actor }: Entry): string {
  const { from, to, location, tracking_status, amount, currency, topic } = data as Record<string, string>;
  const parts = [
    from && to ? `${from} → ${to}` : '',
    topic ?? '',
    location ?? '',
    tracking_status ?? '',
    amount && currency ? money(amount, currency) : '',
    actor.type === 'system' ? '' : `(${actor.type})`,
  ];
  return parts.filter(Boolean).join(' ');
}

/** Minor units as people write them. */
export function money(amount: string, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const { maximumFractionDigits: digits = 2 } = format.resolvedOptions();
  return format.format(Number(amount) / 10 ** digits);
}
