import { z } from 'zod';
import { httpProviderConfigSchema } from '../../domain/search/http-provider/config.ts';
import { providerKinds } from '../../domain/search/provider.ts';
import { queryInputSchema, queryKinds } from '../../domain/search/query.ts';
import { amount, providerStep, rankedPerson } from './search.schemas.ts';

const name = z
  .string()
  .trim()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,59}$/u,
    'A name has 1 to 60 letters, digits, spaces, dots, _ and -.',
  )
  .meta({
    example: 'acme phones',
    description: 'Unique among the providers; stands in traces and statistics.',
  });

/** What the owner of a provider of any kind may set. */
const settingFields = {
  name,
  enabled: z.boolean(),
  search_kinds: z
    .array(z.enum(queryKinds))
    .min(1)
    .meta({ description: 'The kinds of searches that ask it.' }),
  cost_per_call: amount.meta({
    description: 'Of a call that was answered, whether somebody was found or not.',
  }),
  cost_per_hit: amount.meta({ description: 'Besides that, when it answered with people or facts.' }),
  budget_per_day: amount
    .nullable()
    .meta({ description: 'Most that it may cost in a day (UTC); null: no limit.' }),
  budget_per_month: amount.nullable(),
  timeout_ms: z.int().min(100).max(120_000),
  rate_per_second: z.number().min(0.001).max(10_000).nullable().meta({
    description: 'Calls per second on average, over all processes; null: no limit.',
  }),
  rate_burst: z.int().min(1).max(10_000).meta({ description: 'Calls at once after a quiet time.' }),
  concurrency: z.int().min(1).max(1_000).nullable().meta({
    description: 'Calls under way at once, over all processes; null: no limit.',
  }),
  cache_ttl_seconds: z.int().min(0).max(31_536_000).nullable().meta({
    description: 'How long its answers may be used again; null: as the search settings say; 0: never.',
  }),
  breaker: z
    .strictObject({
      failures: z.int().min(1).max(100).meta({ description: 'Failures in a row that open the circuit.' }),
      cooldown_ms: z.int().min(100).max(3_600_000).meta({ description: 'Then nobody is asked for so long.' }),
    })
    .meta({ id: 'ProviderBreaker' }),
};

const secretName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'A secret is named in lower-case letters, digits and _.');
const secretValue = z.string().min(1).max(4_000);

const http = httpProviderConfigSchema.meta({
  id: 'HttpProviderConfig',
  description:
    "A vendor's JSON API: its request as templates, its answer by JSON pointers. See docs/search.md.",
});

const exampleProvider = {
  kind: 'http',
  name: 'acme',
  cost_per_call: '0.01',
  cost_per_hit: '0.05',
  budget_per_day: '20',
  rate_per_second: 10,
  rate_burst: 20,
  http: {
    kinds: ['phone'],
    request: {
      url: 'https://api.example.com/v1/people?phone={{phone.e164}}',
      headers: { authorization: 'Bearer {{secret.api_key}}', 'idempotency-key': '{{call.key}}' },
    },
    answer: {
      people: '/matches',
      fields: { full_name: '/name', emails: ['/email'] },
      score: { pointer: '/confidence', lowest: 0, highest: 100 },
    },
    validated: [{ pointer: '/verified', equals: true }],
  },
  secrets: { api_key: 'the key from the vendor' },
};

export const newProvider = z
  .strictObject({
    kind: z.enum(providerKinds),
    name,
    enabled: settingFields.enabled.default(true),
    search_kinds: settingFields.search_kinds.optional(),
    cost_per_call: settingFields.cost_per_call.default('0'),
    cost_per_hit: settingFields.cost_per_hit.default('0'),
    budget_per_day: settingFields.budget_per_day.default(null),
    budget_per_month: settingFields.budget_per_month.default(null),
    timeout_ms: settingFields.timeout_ms.optional(),
    rate_per_second: settingFields.rate_per_second.default(null),
    rate_burst: settingFields.rate_burst.default(1),
    concurrency: settingFields.concurrency.default(null),
    cache_ttl_seconds: settingFields.cache_ttl_seconds.default(null),
    breaker: settingFields.breaker.default({ failures: 5, cooldown_ms: 30_000 }),
    http: http.optional(),
    secrets: z.record(secretName, secretValue).default({}).meta({
      description: 'Values of `{{secret.<name>}}`. Kept encrypted and never shown again.',
    }),
  })
  .superRefine(({ kind, http: config, secrets }, context) => {
    if (kind === 'http' && !config) {
      context.addIssue({
        code: 'custom',
        path: ['http'],
        message: 'A provider of kind http needs its configuration.',
      });
    }
    if (kind !== 'http' && config) {
      context.addIssue({ code: 'custom', path: ['http'], message: 'Only a provider of kind http has this.' });
    }
    if (kind !== 'http' && Object.keys(secrets).length > 0) {
      context.addIssue({
        code: 'custom',
        path: ['secrets'],
        message: 'Only a provider of kind http has secrets.',
      });
    }
  })
  .meta({ id: 'NewSearchProvider', example: exampleProvider });

export type NewProvider = z.output<typeof newProvider>;

export const providerChange = z
  .strictObject({
    ...Object.fromEntries(Object.entries(settingFields).map(([field, schema]) => [field, schema.optional()])),
    http: http.optional().meta({ description: 'Replaces the whole configuration.' }),
    secrets: z
      .record(secretName, secretValue.nullable())
      .optional()
      .meta({ description: 'Sets the named secrets, or takes them away by null; the others stay.' }),
  } as { [F in keyof typeof settingFields]: z.ZodOptional<(typeof settingFields)[F]> } & {
    http: z.ZodOptional<typeof http>;
    secrets: z.ZodOptional<z.ZodRecord<typeof secretName, z.ZodNullable<typeof secretValue>>>;
  })
  .meta({ id: 'SearchProviderChange', example: { enabled: false, budget_per_day: '12.50' } });

export type ProviderChange = z.output<typeof providerChange>;

export const provider = z
  .object({
    id: z.uuid(),
    kind: z.enum(providerKinds),
    ...settingFields,
    position: z.int().meta({ description: 'Place in the waterfall, from 0.' }),
    currency: z.string(),
    http: z
      .looseObject({})
      .nullable()
      .meta({ description: 'The configuration as given; null for other kinds.' }),
    secrets: z
      .record(z.string(), z.enum(['set', 'unset']))
      .meta({ description: 'Never the values: whether each secret that is needed or was given is set.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'SearchProvider' });

export const providerList = z.object({ items: z.array(provider) });

export const providerOrder = z
  .strictObject({
    ids: z.array(z.uuid()).min(1).max(100).meta({ description: 'Every provider once, in the new order.' }),
  })
  .meta({ id: 'SearchProviderOrder', example: { ids: ['01989b2e-0000-7000-8000-000000000001'] } });

export const providerHealth = z
  .object({
    window_minutes: z.int(),
    calls: z.int(),
    hits: z.int(),
    misses: z.int(),
    errors: z.int(),
    throttled: z.int(),
    error_rate: z.number().nullable().meta({ description: 'Errors of all calls; null without calls.' }),
    p50_milliseconds: z.number().nullable(),
    p95_milliseconds: z.number().nullable(),
    last_success_at: z.iso.datetime().nullable(),
    last_failure_at: z.iso.datetime().nullable(),
    last_failure: z.string().nullable(),
    breaker: z.object({
      state: z.enum(['closed', 'half_open', 'open']),
      open_until: z.iso.datetime().nullable(),
    }),
    paused_until: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'The vendor wants no calls before (`Retry-After`).' }),
    calls_under_way: z.int(),
    spent: z.object({ today: amount, this_month: amount, currency: z.string() }),
  })
  .meta({ id: 'ProviderHealth' });

export const providerTest = z
  .strictObject({ kind: z.enum(queryKinds), ...queryInputSchema.shape })
  .meta({ id: 'ProviderTestQuestion', example: { kind: 'phone', phone: '+14155552671' } });

export const providerTestResult = z
  .object({
    step: providerStep.nullable(),
    people: z.array(rankedPerson),
    facts: z.record(z.string(), z.unknown()),
    currency: z.string(),
  })
  .meta({ id: 'ProviderTestResult' });

export const searchSettings = z
  .object({
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'An ISO 4217 code, such as USD.')
      .meta({ description: 'Of all costs and budgets. It stays as it is once something was billed.' }),
    cache_ttl_seconds: z.int().min(0).max(31_536_000).meta({
      description: 'How long answers may be used again, where a provider says nothing else; 0: never.',
    }),
  })
  .meta({ id: 'SearchSettings' });

export const searchSettingsChange = z
  .strictObject(searchSettings.partial().shape)
  .meta({ id: 'SearchSettingsChange', example: { cache_ttl_seconds: 600 } });
