import { z } from 'zod';
import { searchStatuses } from '../../domain/search/answer.ts';
import { decimalPattern } from '../../domain/search/micros.ts';
import { defaultMinScore } from '../../domain/search/default-score.ts';
import { personFieldsSchema } from '../../domain/search/person.ts';
import { providerKinds } from '../../domain/search/provider.ts';
import { queryInputSchema, queryKinds, type QueryKind } from '../../domain/search/query.ts';
import { isRequirable, requirableFields } from '../../domain/search/required-field.ts';

/** An amount of money as a decimal text: no rounding on the way. */
export const amount = z
  .string()
  .regex(decimalPattern, 'An amount is a decimal with up to six places, such as "0.0125".')
  .meta({ example: '0.05' });

const minScore = (kind: QueryKind) => ({
  min_score: z.number().min(0).max(1).default(defaultMinScore(kind)).meta({
    description: 'Least probability of a person that is returned. Below it nobody counts as found.',
  }),
});

const optionFields = {
  limit: z.int().min(1).max(50).default(10).meta({ description: 'Most people returned.' }),
  required_fields: z
    .array(z.string().max(120).refine(isRequirable, 'There is no such field to require.'))
    .max(20)
    .default([])
    .meta({
      description: `Fields that an answer must have, or the search goes on to the next provider: ${requirableFields
        .map((field) => `\`${field}\``)
        .join(', ')} or \`attributes.<name>\`.`,
      example: ['phones.mobile'],
    }),
  budget: amount.optional().meta({
    description: 'Most that the search may cost. A provider that could exceed it is not asked.',
    example: '0.10',
  }),
  record_set_ids: z
    .array(z.uuid())
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Record sets to look in; all without it.' }),
  dry_run: z.boolean().default(false).meta({ description: 'Only tells what the search would cost at most.' }),
  use_cache: z
    .boolean()
    .default(true)
    .meta({ description: 'False: the providers are asked even when a fresh answer is there.' }),
};

const { shape } = queryInputSchema;
const country = { country: shape.country };

/** The body of a search of each kind. Anything else in it is an error: a mistyped field must not pass for no answer. */
export const searchBodies = {
  email: z
    .strictObject({ email: shape.email, emails: shape.emails, ...minScore('email'), ...optionFields })
    .meta({
      id: 'SearchByEmail',
      example: { email: 'ada.lovelace@example.com' },
    }),
  phone: z
    .strictObject({
      phone: shape.phone,
      phones: shape.phones,
      ...country,
      ...minScore('phone'),
      ...optionFields,
    })
    .meta({
      id: 'SearchByPhone',
      example: { phone: '+1 (415) 555-2671' },
    }),
  name: z
    .strictObject({
      given_name: shape.given_name,
      middle_name: shape.middle_name,
      surname: shape.surname,
      full_name: shape.full_name,
      date_of_birth: shape.date_of_birth,
      ...country,
      ...minScore('name'),
      ...optionFields,
    })
    .meta({
      id: 'SearchByName',
      example: { given_name: 'Ada', surname: 'Lovelace', date_of_birth: '1815-12-10' },
    }),
  address: z
    .strictObject({
      address: shape.address,
      street_number: shape.street_number,
      street: shape.street,
      unit: shape.unit,
      locality: shape.locality,
      city: shape.city,
      region: shape.region,
      postcode: shape.postcode,
      ...country,
      ...minScore('address'),
      ...optionFields,
    })
    .meta({ id: 'SearchByAddress', example: { street_number: '12', street: 'High Street', city: 'Bath' } }),
  comprehensive: z.strictObject({ ...shape, ...minScore('comprehensive'), ...optionFields }).meta({
    id: 'ComprehensiveSearch',
    example: { full_name: 'Ada Lovelace', city: 'London', email: 'ada@example.com', min_score: 0.8 },
  }),
} as const;

export type SearchBody = z.output<(typeof searchBodies)['comprehensive']>;

const readPhone = z.object({
  raw: z.string().meta({ description: 'Exactly as it was written.' }),
  e164: z.string().meta({ example: '+14155552671' }),
  region: z.string().nullable(),
  type: z.string().nullable().meta({ example: 'FIXED_LINE_OR_MOBILE' }),
  valid: z.boolean(),
  national: z.string(),
  international: z.string(),
  extension: z.string().nullable(),
});

const readEmail = z.object({
  raw: z.string(),
  address: z.string(),
  domain: z.string(),
  key: z.string().meta({ description: 'Addresses with one key reach the same mailbox.' }),
});

export const readQuery = z
  .object({
    kind: z.enum(queryKinds),
    phones: z.array(readPhone),
    emails: z.array(readEmail),
    warnings: z
      .array(z.object({ pointer: z.string(), message: z.string() }))
      .meta({ description: 'What could not be read and is left out of the search.' }),
  })
  .meta({ id: 'ReadQuery', description: 'How the question was read.' });

export const rankedPerson = z
  .object({
    person_id: z.uuid().nullable(),
    record_set_id: z.uuid().nullable(),
    provider: z.string(),
    also_from: z.array(z.string()).meta({ description: 'Other providers that told of the same person.' }),
    probability: z.number().min(0).max(1),
    validated: z.boolean(),
    matched_on: z.array(z.string()),
    fields: personFieldsSchema,
    evidence: z.array(
      z.object({
        field: z.string(),
        level: z.string().meta({ example: 'exact' }),
        weight: z.number().meta({ description: 'Bits of evidence; negative speaks against.' }),
        query: z.string(),
        value: z.string(),
      }),
    ),
  })
  .meta({ id: 'RankedPerson' });

export const providerStep = z
  .object({
    provider: z.string(),
    kind: z.enum(providerKinds),
    outcome: z.enum(['hit', 'miss', 'error', 'throttled', 'skipped']),
    reason: z.string().meta({ description: 'Why the search went on or ended here.' }),
    cost: amount,
    milliseconds: z.number(),
  })
  .meta({ id: 'ProviderStep', description: 'One provider, asked or passed over.' });

const cost = z.object({ amount, currency: z.string().meta({ description: 'ISO 4217.', example: 'USD' }) });

export const searchAnswer = z
  .object({
    search_id: z.uuid(),
    status: z.enum(['found', 'not_found', 'over_budget']),
    query: readQuery,
    people: z.array(rankedPerson).meta({ description: 'Likeliest first; empty unless found.' }),
    facts: z.record(z.string(), z.unknown()).meta({
      description: 'Facts about the values themselves, by provider. They say nothing of who holds them.',
    }),
    cost,
    cached: z.boolean().meta({
      description: 'It cost nothing: from the cache, or of an equal search that ran at the same time.',
    }),
    trace: z.array(providerStep),
  })
  .meta({ id: 'SearchAnswer' });

export const searchPrice = z
  .object({
    status: z.literal('dry_run'),
    query: readQuery,
    highest_cost: cost,
    providers: z.array(z.object({ provider: z.string(), highest_cost: amount })),
  })
  .meta({ id: 'SearchPrice', description: 'What the search would cost at most. Nobody was asked.' });

export const loggedSearch = z
  .object({
    search_id: z.uuid(),
    performed_at: z.string().meta({ format: 'date-time' }),
    user_id: z.uuid().nullable(),
    source: z.enum(['api', 'batch']),
    kind: z.enum(queryKinds),
    status: z.enum(searchStatuses),
    people: z
      .array(z.object({ person_id: z.uuid().nullable(), provider: z.string(), probability: z.number() }))
      .meta({ description: 'Who was found. What was asked with is not kept.' }),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    cost,
    cached: z.boolean(),
    milliseconds: z.number(),
    trace: z.array(providerStep),
    trace_id: z.string().nullable(),
  })
  .meta({ id: 'LoggedSearch' });
