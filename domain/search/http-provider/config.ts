import { z } from 'zod';
import { personTextFields } from '../person.ts';
import { queryKinds } from '../query.ts';
import { isJsonPointer } from './json-pointer.ts';
import { checkTemplates } from './check-templates.ts';
import { variableNames } from './variables.ts';

const pointer = z
  .string()
  .max(500)
  .refine(isJsonPointer, 'Must be a JSON pointer (RFC 6901): empty, or starting with "/".');
const template = z.string().max(4_000);
const scalar = z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]);
const status = z.int().min(200).max(599);

/** A question about one place of the answer. */
const condition = z
  .strictObject({
    pointer,
    equals: scalar.optional(),
    in: z.array(scalar).min(1).max(100).optional(),
    empty: z.boolean().optional().meta({ description: 'Absent, null, "", [] or {}.' }),
    exists: z.boolean().optional(),
  })
  .refine(
    (test) => [test.equals, test.in, test.empty, test.exists].filter((it) => it !== undefined).length === 1,
    'Give exactly one of: equals, in, empty, exists.',
  );

/** Where a list comes from: values at pointers, or one value out of each element of an array. */
const listSource = z.union([pointer, z.strictObject({ each: pointer, value: pointer })]);

const personMapping = z
  .strictObject({
    ...Object.fromEntries(personTextFields.map((field) => [field, pointer.optional()])),
    phones: z.array(listSource).max(20).optional(),
    emails: z.array(listSource).max(20).optional(),
    attributes: z.record(z.string().min(1).max(100), pointer).optional(),
  } as Record<(typeof personTextFields)[number], z.ZodOptional<typeof pointer>> & {
    phones: z.ZodOptional<z.ZodArray<typeof listSource>>;
    emails: z.ZodOptional<z.ZodArray<typeof listSource>>;
    attributes: z.ZodOptional<z.ZodRecord<z.ZodString, typeof pointer>>;
  })
  .meta({ description: 'Fields of a person by JSON pointers into one element of `people`.' });

/**
 * The configuration of an `http` provider: any vendor's JSON API, without code. Templates name values of the question
 * (`{{phone.e164}}`, `{{name.given}}` …) and secrets (`{{secret.api_key}}`), which are stored apart and encrypted.
 */
export const httpProviderConfigSchema = z
  .strictObject({
    kinds: z.array(z.enum(queryKinds)).min(1).meta({ description: 'The searches it can answer.' }),
    requires: z.array(z.enum(variableNames)).max(10).default([]).meta({
      description: 'Values without which it is not asked. Those in the path of the URL always are.',
    }),
    request: z.strictObject({
      method: z.enum(['GET', 'POST', 'PUT']).default('GET'),
      url: template.meta({ examples: ['https://api.example.com/v1/people?phone={{phone.e164}}'] }),
      headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/), template).default({}),
      basic_auth: z.strictObject({ username: template, password: template }).optional(),
      json: z.json().optional().meta({ description: 'Body as JSON; its texts are templates.' }),
      form: z.record(z.string().min(1).max(100), template).optional(),
      redirect_hosts: z
        .array(
          z
            .string()
            .max(300)
            .regex(/^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?$/i),
        )
        .max(10)
        .default([])
        .meta({ description: 'Further hosts the vendor may redirect to.' }),
      timeout_ms: z.int().min(100).max(120_000).default(10_000),
      max_response_bytes: z.int().min(1_000).max(10_000_000).default(1_000_000),
    }),
    answer: z.strictObject({
      people: pointer
        .optional()
        .meta({ description: 'The person, or the array of people. Without it the answer holds facts only.' }),
      fields: personMapping.default({}),
      score: z
        .strictObject({
          pointer: pointer.optional().meta({ description: 'Into one element of `people`.' }),
          lowest: z.number().default(0),
          highest: z.number().default(1),
          otherwise: z
            .number()
            .min(0)
            .max(1)
            .default(0.5)
            .meta({ description: 'Where the vendor gives none.' }),
        })
        .refine(({ lowest, highest }) => lowest < highest, '`lowest` must be below `highest`.')
        .default({ lowest: 0, highest: 1, otherwise: 0.5 }),
      facts: z.record(z.string().min(1).max(100), pointer).default({}),
    }),
    miss: z
      .strictObject({ status: z.array(status).default([404]), any: z.array(condition).max(20).default([]) })
      .default({ status: [404], any: [] })
      .meta({ description: 'The vendor knows nobody: one of the statuses, or any of the conditions.' }),
    error: z
      .strictObject({ status: z.array(status).default([]), any: z.array(condition).max(20).default([]) })
      .default({ status: [], any: [] })
      .meta({
        description: 'An error that comes with a 2xx. Any other status beside 2xx and `miss` is one anyway.',
      }),
    validated: z.array(condition).max(20).default([]).meta({
      description: 'All of these make a hit final, so that a search stops. Without any it never is.',
    }),
  })
  .superRefine(checkTemplates);

export type HttpProviderConfig = z.infer<typeof httpProviderConfigSchema>;
export type Condition = z.infer<typeof condition>;
export type ListSource = z.infer<typeof listSource>;
