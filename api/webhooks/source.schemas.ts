import { z } from 'zod';
import {
  readingRulesSchema,
  shopDomainForm,
  sourceKinds,
  verifierSchema,
} from '../../domain/webhooks/inbound/source.ts';

const name = z.string().trim().min(1).max(100).meta({ example: 'Main shop' });
const secret = z
  .string()
  .min(8)
  .max(255)
  .regex(/^[\x21-\x7e\u00a0-\uffff]+$/)
  .meta({ example: 'whsec_c2VjcmV0IG9mIHRoZSBzZW5kZXI=', description: 'By which the sender signs.' });

const credentials = z
  .strictObject({
    token: z
      .string()
      .min(1)
      .max(500)
      .regex(/^[\x21-\x7e]+$/)
      .meta({ example: 'shpat_…' }),
    base_url: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .optional()
      .meta({
        description: 'Where the API is, if not at its usual place.',
        example: 'https://api.stripe.com',
      }),
  })
  .meta({ id: 'WebhookSourceCredentials', example: { token: 'rk_live_…' } });

export const newSource = z
  .strictObject({
    kind: z.enum(sourceKinds).meta({ example: 'shopify' }),
    name,
    shop_domain: z
      .string()
      .toLowerCase()
      .regex(shopDomainForm)
      .optional()
      .meta({ description: 'Of Shopify, and only there.', example: 'jsmith.myshopify.com' }),
    secret: secret.optional().meta({
      description:
        'The secret that the sender has shown. Without one a generic source is given one, which is shown once.',
    }),
    verifier: verifierSchema.optional().meta({ description: 'Of a generic source, and only there.' }),
    reading: readingRulesSchema.optional().meta({ description: 'Where a generic source tells what.' }),
    hold_unknown: z.boolean().default(true).meta({
      description: 'Whether payments and parcels wait until their order is known here.',
    }),
    credentials: credentials.optional().meta({
      description: 'With these the provider is asked for what was missed (Shopify, Stripe).',
    }),
  })
  .meta({
    id: 'NewWebhookSource',
    example: {
      kind: 'shopify',
      name: 'Main shop',
      shop_domain: 'jsmith.myshopify.com',
      secret: 'hush-hush-hush',
    },
  });

export type NewSourceBody = z.output<typeof newSource>;

export const sourceChange = z
  .strictObject({
    name: name.optional(),
    verifier: verifierSchema.optional(),
    reading: readingRulesSchema.optional(),
    hold_unknown: z.boolean().optional(),
    credentials: credentials.nullable().optional(),
  })
  .meta({ id: 'WebhookSourceChange', example: { name: 'Old shop' } });

export type SourceChangeBody = z.output<typeof sourceChange>;

export const rotation = z
  .strictObject({
    secret: secret.optional(),
    grace_seconds: z
      .int()
      .min(0)
      .max(604_800)
      .default(86_400)
      .meta({ description: 'How long the secret before is good as well.' }),
  })
  .meta({ id: 'WebhookSourceSecretRotation', example: { grace_seconds: 3_600 } });

export const sourceShape = z
  .object({
    id: z.uuid(),
    kind: z.enum(sourceKinds),
    name: z.string(),
    shop_domain: z.string().nullable(),
    state: z.enum(['active', 'paused']),
    url: z.string().meta({ description: 'The address of this source alone.' }),
    shared_urls: z
      .array(z.string())
      .meta({ description: 'Addresses of its kind that take its webhooks too.' }),
    verifier: verifierSchema.nullable(),
    reading: readingRulesSchema,
    hold_unknown: z.boolean(),
    secrets: z
      .array(z.object({ hint: z.string(), good_until: z.iso.datetime().nullable() }))
      .meta({ description: 'The last characters of each secret that is good.' }),
    reconciles: z.boolean(),
    reconciled_until: z.iso.datetime().nullable(),
    reconcile_error: z.string().nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'WebhookSource' });

/** As it is answered where a secret was made: there, and nowhere else, it is shown. */
export const sourceWithSecret = sourceShape
  .extend({
    secret: z
      .string()
      .nullable()
      .meta({ description: 'The secret that was made here; null for one that was given.' }),
  })
  .meta({ id: 'WebhookSourceWithSecret' });
