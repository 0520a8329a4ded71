import { join } from 'node:path';
import { Faults } from '../simulator/faults.ts';
import { Journal } from '../simulator/journal.ts';
import type { Receiver } from '../simulator/receiver.ts';
import {
  startVendorServer,
  type VendorAnswer,
  type VendorRequest,
  type VendorServer,
} from '../simulator/server.ts';
import { WebhookSender } from '../simulator/webhook-sender.ts';
import { ApiError } from './api-error.ts';
import { control } from './control.ts';
import { readForm } from './form.ts';
import { onceByKey } from './idempotency.ts';
import { PaymentIntents } from './payment-intents.ts';
import { Refunds } from './refunds.ts';
import { serveStripe } from './routes.ts';
import { faultOfAmount } from './test-cards.ts';
import { World, stripeSignature } from './world.ts';

export interface StripeSimulatorOptions {
  /** Its objects are kept here, and are there again after a restart. */
  folder: string;
  /** 0 or none: a free one. */
  port?: number;
  /** Waits before the attempts at a webhook after the first, in milliseconds. */
  webhookWaits?: readonly number[];
  /** Gets every event from now on, in place of the one of an earlier start. */
  receiver?: Receiver | null;
}

export interface StripeSimulator extends VendorServer {
  faults: Faults;
  webhooks: WebhookSender;
}

/**
 * The parts of Stripe's API that we use, with their states, idempotency keys, events and signed webhooks, and with faults on
 * demand. Any key that begins with `sk_test_` is taken. Nothing leaves this machine but the webhooks.
 */
export async function startStripeSimulator(options: StripeSimulatorOptions): Promise<StripeSimulator> {
  const journal = await Journal.open(join(options.folder, 'stripe.jsonl'));
  const webhooks = new WebhookSender({
    journal,
    sign: (secret, body) => ({ 'stripe-signature': stripeSignature(secret, body) }),
    ...(options.webhookWaits ? { waits: options.webhookWaits } : {}),
  });
  const world = new World(journal, webhooks);
  if (options.receiver) world.register(options.receiver);
  const intents = new PaymentIntents(world);
  const parts = { world, intents, refunds: new Refunds(world, intents) };
  const faults = new Faults();

  const answer = (request: VendorRequest): VendorAnswer => {
    if (request.path === '/healthz') return { status: 200, body: { status: 'ok' } };
    if (request.path.startsWith('/_control/')) return control(request, { ...parts, faults, webhooks });
    authorize(request);
    const isForm = request.method === 'POST';
    const form = readForm(isForm ? new URLSearchParams(request.body) : request.query);
    const answered = onceByKey(world, request, () => serveStripe(request, form, parts));
    const amount = request.method === 'POST' ? Number(form['amount'] ?? form['amount_to_capture']) : NaN;
    const fault = answered.headers?.['idempotent-replayed'] === 'true' ? null : faultOfAmount(amount);
    return fault && request.headers['idempotency-key'] ? { ...answered, fault } : answered;
  };

  const server = await startVendorServer({
    faults,
    port: options.port ?? 0,
    errorBody: (status) => ({
      error: {
        type: status === 429 ? 'rate_limit_error' : 'api_error',
        message: 'Brought about by a fault.',
        ...(status === 429 ? { code: 'rate_limit' } : {}),
      },
    }),
    handle: async (request) => {
      let answered: VendorAnswer;
      try {
        answered = answer(request);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        answered = { status: error.status, body: { error: error.error } };
      }
      // What is answered is kept first.
      await journal.flush();
      return answered;
    },
  });
  return {
    ...server,
    faults,
    webhooks,
    stop: async () => {
      await server.stop();
      await webhooks.stop();
      await journal.close();
    },
  };
}

function authorize({ headers }: VendorRequest): void {
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ');
  const basic = scheme.toLowerCase() === 'basic';
  const key = basic ? Buffer.from(value, 'base64').toString().split(':')[0] : value;
  if (!key?.startsWith('sk_test_'))
    throw new ApiError(401, { message: 'The simulator takes keys that begin with sk_test_.' }, false);
}
