import { createHmac, randomBytes } from 'node:crypto';
import type { Journal } from '../simulator/journal.ts';
import type { Receiver } from '../simulator/receiver.ts';
import type { WebhookSender } from '../simulator/webhook-sender.ts';
import { stripeVersion } from '../../payments/stripe-api.ts';

export interface StripeEvent {
  id: string;
  object: 'event';
  api_version: string;
  created: number;
  type: string;
  data: { object: unknown };
  livemode: false;
  pending_webhooks: number;
  request: { id: string; idempotency_key: string | null };
}

export interface WebhookEndpoint {
  id: string;
  object: 'webhook_endpoint';
  url: string;
  enabled_events: string[];
  secret: string;
  status: 'enabled';
  created: number;
}

/** What the parts of the simulator share: its objects, its clock and its events. */
export class World {
  readonly journal: Journal;
  readonly #sender: WebhookSender;
  /** The idempotency key of the request that is being served. */
  requestKey: string | null = null;

  constructor(journal: Journal, sender: WebhookSender) {
    this.journal = journal;
    this.#sender = sender;
  }

  /** Seconds since 1970, as Stripe counts. The clock can be put forward. */
  now(): number {
    const offset = this.journal.get<{ seconds: number }>('clock', 'offset')?.seconds ?? 0;
    return Math.floor(Date.now() / 1000) + offset;
  }

  putClockForward(seconds: number): void {
    const offset = this.journal.get<{ seconds: number }>('clock', 'offset')?.seconds ?? 0;
    this.journal.put('clock', 'offset', { seconds: offset + seconds });
  }

  id(prefix: string): string {
    return `${prefix}_${randomBytes(12).toString('hex')}`;
  }

  /** Registers the one receiver that the simulator is started with. */
  register({ url, secret }: Receiver): void {
    const endpoint: WebhookEndpoint = {
      id: 'we_of_the_start',
      object: 'webhook_endpoint',
      url,
      enabled_events: ['*'],
      secret,
      status: 'enabled',
      created: this.now(),
    };
    this.journal.put('webhook_endpoints', endpoint.id, endpoint);
  }

  /** Writes an event down and sends it to whoever wants it. */
  emit(type: string, object: object): void {
    const wanted = this.journal
      .list<WebhookEndpoint>('webhook_endpoints')
      .filter(({ enabled_events: types }) => types.includes('*') || types.includes(type));
    const event: StripeEvent = {
      id: this.id('evt'),
      object: 'event',
      api_version: stripeVersion,
      created: this.now(),
      type,
      data: { object: structuredClone(object) },
      livemode: false,
      pending_webhooks: wanted.length,
      request: { id: this.id('req'), idempotency_key: this.requestKey },
    };
    this.journal.put('events', event.id, event);
    for (const { id, url, secret } of wanted)
      this.#sender.send({ id: `${event.id}:${id}`, url, secret, body: JSON.stringify(event) });
  }
}

/** `Stripe-Signature` (docs.stripe.com/webhooks#verify-manually): the whole secret is the key, with its prefix. */
export function stripeSignature(secret: string, body: string, seconds = Math.floor(Date.now() / 1000)) {
  const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${signature}`;
}
