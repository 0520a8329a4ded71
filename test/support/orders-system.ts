import { createOrderRoutes } from '../../api/orders/routes.ts';
import { startWorkers, type RunningWorkers } from '../../workers/run.ts';
import { startTestApi, type ApiClient, type TestApi } from './api.ts';
import { TestCarrier, TestProcessor } from './order-outside.ts';
import { temporalServer } from './temporal.ts';
import { until } from './until.ts';
import type { Json } from './json.ts';

/** The domain of orders whole: its API, its workers and relay, on real parts but for processor and carrier. */
export interface OrdersSystem {
  api: TestApi;
  processor: TestProcessor;
  carrier: TestCarrier;
  startWorkers(): Promise<RunningWorkers>;
  close(): Promise<void>;
}

/**
 * @param options.stripeUrl a Stripe that payments go to, as the configuration says, instead of `processor`
 * @param options.easypostUrl an EasyPost that sells the labels, as the configuration says, instead of `carrier`
 */
export async function startOrdersSystem(
  options: {
    withoutWorkers?: boolean;
    temporal?: { address: string; namespace: string };
    stripeUrl?: string;
    easypostUrl?: string;
  } = {},
): Promise<OrdersSystem> {
  const processor = new TestProcessor();
  const carrier = new TestCarrier();
  const api = await startTestApi(createOrderRoutes, {
    env: {
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
      ...(options.stripeUrl ? { STRIPE_API_URL: options.stripeUrl } : {}),
      ...(options.easypostUrl
        ? { EASYPOST_API_URL: options.easypostUrl, EASYPOST_API_KEY: 'EZTKsimulated' }
        : {}),
    },
  });
  const running: RunningWorkers[] = [];
  const start = async (): Promise<RunningWorkers> => {
    const { address, namespace } = options.temporal ?? (await temporalServer());
    const workers = await startWorkers(
      api.services.config,
      { connection: { address }, namespace },
      ['orders'],
      {
        ...(options.stripeUrl ? {} : { payments: processor }),
        ...(options.easypostUrl ? {} : { carrier }),
      },
    );
    running.push(workers);
    return workers;
  };
  const close = async (): Promise<void> => {
    await Promise.all(running.map((workers) => workers.stop()));
    await api.close();
  };
  try {
    if (!options.withoutWorkers) await start();
  } catch (error) {
    await close();
    throw error;
  }
  return { api, processor, carrier, startWorkers: start, close };
}

/** What the API tells of an order. */
export type OrderBody = Json;

/** Waits until an order has a status. Gives it. */
export async function untilOrder(
  client: ApiClient,
  id: string,
  wanted: string | ((order: OrderBody) => boolean),
  milliseconds = 60_000,
) {
  let body: OrderBody = {};
  try {
    return await until(async () => {
      ({ body } = await client.get(`/v1/orders/${id}`));
      const holds = typeof wanted === 'string' ? body['status'] === wanted : wanted(body);
      return holds ? body : null;
    }, milliseconds);
  } catch (error) {
    throw new Error(`The order is ${JSON.stringify(body)}`, { cause: error });
  }
}

/** Who sends, where a location sends by carrier. */
export const aSender = {
  company: 'Mugs & Co',
  line1: 'Sonnenallee 1',
  city: 'Berlin',
  postcode: '12047',
  country: 'DE',
  phone: '+49 30 1234567',
};

/** A valid order of one line, with some of it otherwise. */
export function orderOf(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    currency: 'EUR',
    customer: { email: 'ada@example.com', name: 'Ada Lovelace' },
    shipping_address: { line1: 'Invalidenstr. 1', city: 'Berlin', postcode: '10115', country: 'DE' },
    lines: [{ sku: 'MUG', title: 'Mug', quantity: 3, unit_price: '1000' }],
    shipping: '490',
    payment: { mode: 'processor', method: 'pm_card_visa' },
    ...change,
  };
}
