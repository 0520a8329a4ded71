import { z } from 'zod';
import { Failure } from '../../domain/failure.ts';
import type { SourceKind } from '../../domain/webhooks/inbound/source.ts';
import { InboundIntake, type InboundAddress } from '../../services/webhooks/inbound-intake.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import { readBytes } from '../body.ts';
import { route, type Request, type Reply, type Route } from '../route.ts';
import type { Services } from '../services.ts';

/** Most bytes of a webhook. The largest that the known providers send are some hundred thousand. */
const mostBytes = 1_048_576;

/**
 * The same where nothing but the secret tells whose a webhook is: it may be hashed for a hundred sources before it is known
 * that nobody has signed it. What Stripe and EasyPost tell of a payment or a parcel is far smaller.
 */
const mostBytesForMany = 262_144;

/** Shorter than for other bodies: senders give up after 5 to 30 seconds. */
const bodySeconds = 15;

const taken = z
  .object({
    received: z.literal(true),
    duplicate: z.boolean().meta({ description: 'The delivery, or its event, was there already.' }),
  })
  .meta({ id: 'WebhookTaken' });

const tag = 'Webhooks in';

/** Addresses that all sources of a kind share, with what they take. */
const shared: readonly {
  path: string;
  kind: SourceKind;
  topics: RegExp;
  limit: number;
  summary: string;
  headers: Record<string, string>;
}[] = [
  ...(
    [
      { path: '/webhooks/shopify/orders', topics: /^(orders|refunds)\//, of: 'orders and their refunds' },
      { path: '/webhooks/shopify/products', topics: /^products\//, of: 'products' },
    ] as const
  ).map(({ path, topics, of }) => ({
    path,
    kind: 'shopify' as const,
    topics,
    limit: mostBytes,
    summary: `Shopify tells of ${of}`,
    headers: {
      'X-Shopify-Hmac-Sha256': 'The signature of the body.',
      'X-Shopify-Shop-Domain': 'The shop; there must be a source for it.',
      'X-Shopify-Topic': 'The topic.',
      'X-Shopify-Webhook-Id': 'Names the delivery.',
      'X-Shopify-Event-Id': 'Names the event.',
    },
  })),
  {
    path: '/webhooks/stripe/payment',
    kind: 'stripe',
    topics: /./,
    limit: mostBytesForMany,
    summary: 'Stripe tells of payments',
    headers: { 'Stripe-Signature': 'The time and the signatures.' },
  },
  {
    path: '/webhooks/easypost/tracking',
    kind: 'easypost',
    topics: /./,
    limit: mostBytesForMany,
    summary: 'EasyPost tells of parcels',
    headers: { 'X-Hmac-Signature': 'The signature of the body.' },
  },
];

const failures = [
  'webhooks.signature_missing',
  'webhooks.signature_invalid',
  'webhooks.timestamp_out_of_tolerance',
  'webhooks.header_missing',
  'webhooks.body_missing',
  'webhooks.body_malformed',
  'webhooks.topic_unexpected',
  'webhooks.source_ambiguous',
  'webhooks.account_mismatch',
  'webhooks.source_not_found',
  'request.timeout',
] as const;

/** Where other systems send their webhooks. */
export function createIntakeRoutes({ database, config, metrics }: Services): Route[] {
  const intake = new InboundIntake(database, new SourceSecrets(config.ENCRYPTION_KEYS));

  const take = async (
    address: InboundAddress,
    limit: number,
    { ctx, traceId }: Pick<Request, 'ctx' | 'traceId'>,
  ): Promise<Reply> => {
    const coding = ctx.get('Content-Encoding');
    if (coding !== '' && coding.toLowerCase() !== 'identity') {
      throw new Failure('request.unsupported_media_type', 'Send the body without a Content-Encoding.');
    }
    const body = await readBytes(ctx, bodySeconds, limit);
    const headers = Object.fromEntries(
      Object.entries(ctx.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : value,
      ]),
    );
    const { kind, newEvent } = await intake.take(address, { headers, body, now: new Date() }, traceId);
    metrics.inboundTaken.inc({ kind, outcome: newEvent ? 'new' : 'again' });
    return { status: 200, body: { received: true, duplicate: !newEvent } };
  };

  const common = {
    method: 'post',
    tag,
    access: 'public',
    rate: 'webhook',
    provesItself: true,
    responses: { 200: { description: 'It is kept, and will be processed.', body: taken } },
    failures,
  } as const;
  const signed = (limit: number) => ({
    mediaTypes: ['application/json'],
    description: `What is signed, as it is sent; at most ${limit} bytes.`,
    schema: z.looseObject({}),
  });

  return [
    ...shared.map(({ path, kind, topics, limit, summary, headers }) =>
      route({
        ...common,
        rawBody: signed(limit),
        path,
        summary,
        headers,
        description:
          'The source is found by the secret that has signed the request, and by the shop that it names. Twice the same ' +
          'delivery, or two deliveries of one event, have one effect.',
        handler: (request) => take({ kind, topics }, limit, request),
      }),
    ),
    route({
      ...common,
      rawBody: signed(mostBytes),
      path: '/webhooks/in/:id',
      params: z.object({ id: z.uuid() }),
      summary: 'The address of one source',
      description: 'Takes what the source sends, verified as its kind and configuration say.',
      handler: (request) => take({ sourceId: request.params.id }, mostBytes, request),
    }),
  ];
}
