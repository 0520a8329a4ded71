import { z } from 'zod';

/** Who sends. All but `generic` have rules of their own; a generic source is described by its configuration. */
export const sourceKinds = ['shopify', 'stripe', 'easypost', 'generic'] as const;

export type SourceKind = (typeof sourceKinds)[number];

/** How far a signed timestamp may be from now, either way, in seconds (Stripe, Standard Webhooks). */
export const toleranceSeconds = 300;

const headerName = z.string().regex(/^[A-Za-z0-9-]{1,80}$/);

/** How a generic source proves itself. */
export const verifierSchema = z.discriminatedUnion('scheme', [
  z.strictObject({
    scheme: z.literal('hmac').meta({ description: 'A keyed hash of the body in a header.' }),
    header: headerName.meta({ example: 'X-Signature' }),
    algorithm: z.enum(['sha256', 'sha512']).default('sha256'),
    encoding: z.enum(['hex', 'base64']).default('hex'),
    prefix: z
      .string()
      .max(40)
      .default('')
      .meta({ description: 'What stands before it in the header.', example: 'sha256=' }),
  }),
  z.strictObject({
    scheme: z.literal('standard_webhooks').meta({ description: 'Standard Webhooks 1.0, `v1`.' }),
  }),
  z.strictObject({
    scheme: z.literal('basic').meta({ description: 'HTTP Basic; the secret is the password.' }),
    username: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[^:\p{Cc}]+$/u)
      .meta({ example: 'sender' }),
  }),
  z.strictObject({
    scheme: z.literal('key').meta({ description: 'The secret itself in a header.' }),
    header: headerName.meta({ example: 'X-Api-Key' }),
  }),
]);

export type Verifier = z.output<typeof verifierSchema>;

const locator = z
  .string()
  .max(200)
  .regex(/^(header:[A-Za-z0-9-]{1,80}|(\/([^~/]|~[01])*)+)$/)
  .meta({ example: '/id', description: 'A JSON pointer (RFC 6901) into the body, or `header:<name>`.' });

/** Where a generic source tells what. */
export const readingRulesSchema = z.strictObject({
  delivery_id: locator
    .optional()
    .meta({ example: 'header:X-Delivery', description: 'Without it equal bodies are one delivery.' }),
  event_id: locator.optional().meta({
    example: '/id',
    description: 'The same in each delivery of one event. Without it: the delivery.',
  }),
  topic: locator.optional().meta({ example: '/type', description: 'Without it: `event`.' }),
  entity_id: locator.optional().meta({ example: '/data/id', description: 'What the event speaks of.' }),
  entity_kind: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/)
    .optional()
    .meta({ example: 'invoice' }),
  occurred_at: locator
    .optional()
    .meta({ example: '/updated_at', description: 'When: ISO 8601, or seconds since 1970.' }),
});

export type ReadingRules = z.output<typeof readingRulesSchema>;

/** A shop's permanent domain, in lower case. */
export const shopDomainForm = /^[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com$/;

/** A source as the verification sees it. */
export interface SourceRules {
  kind: SourceKind;
  /** Of Shopify, the shop's domain. */
  account: string | null;
  verifier: Verifier | null;
  reading: ReadingRules;
}
