import { z } from 'zod';
import { batchPhases, batchStates, rowStatuses } from '../../domain/search/batch.ts';
import { mappingSchema } from '../../domain/search/mapping.ts';
import { defaultMatchProbability } from '../../domain/search/matching/probability.ts';
import { personFieldsSchema } from '../../domain/search/person.ts';
import { queryKinds } from '../../domain/search/query.ts';
import { isRequirable } from '../../domain/search/required-field.ts';
import { amount } from './search.schemas.ts';
import {
  count,
  file,
  leftOut,
  mappingShape,
  mappingText,
  previewShape,
  problem,
  tableFile,
  uploadId,
} from './table.schemas.ts';

const name = z.string().trim().min(1).max(200);

/** What can be changed while a batch works. */
const settings = {
  priority: z
    .int()
    .min(1)
    .max(5)
    .meta({ description: '1 (first) to 5. Among equals, tenants take turns.', example: 3 }),
  concurrency: z.int().min(1).max(16).meta({ description: 'Chunks of rows at work at once.', example: 4 }),
  budget: amount.nullable().meta({
    description:
      'Most that the batch may cost, in the currency of the organisation; null: no cap. Rows beyond it are `skipped`.',
    example: '25.00',
  }),
};

/** What a batch is made with, beside its file. */
const batchFields = {
  name: name.optional().meta({ description: 'The file’s name where left out.', example: 'Spring customers' }),
  kind: z.enum(queryKinds).default('comprehensive').meta({
    description: 'How each row is searched. Columns that the kind has no use for are only carried along.',
  }),
  mapping: mappingSchema.optional().meta({
    description: 'Which columns say what; guessed where left out, as `POST /v1/batches/preview` shows.',
  }),
  min_score: z.number().min(0).max(1).default(defaultMatchProbability).meta({
    description: 'Least probability of a person that counts as found.',
  }),
  required_fields: z
    .array(z.string().max(120).refine(isRequirable, 'There is no such field to require.'))
    .max(20)
    .default([])
    .meta({ description: 'Fields that an answer must have, or the search goes on to the next provider.' }),
  record_set_ids: z
    .array(z.uuid())
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Record sets to look in; all where left out.' }),
  use_cache: z.boolean().default(true),
  row_budget: amount.optional().meta({ description: 'Most that one row may cost.' }),
  priority: settings.priority.default(3),
  concurrency: settings.concurrency.default(4),
  budget: settings.budget.default(null),
  webhook_url: z.url().max(2_000).optional().meta({
    description:
      'Told once, by a POST signed as Standard Webhooks has it, when the batch has ended. Public https addresses only.',
  }),
};

export const batchForm = z.strictObject(batchFields);
export type BatchForm = z.output<typeof batchForm>;

export const newBatch = z.strictObject({ upload_id: uploadId, ...batchFields }).meta({
  id: 'NewBatch',
  example: {
    upload_id: '0198c0ff-ee00-7000-8000-00000000beef',
    name: 'Spring customers',
    kind: 'comprehensive',
    budget: '25.00',
  },
});

/** As a form has it: texts, and JSON in those that are not. */
export const newBatchForm = z
  .object({
    file,
    ...batchFields,
    mapping: mappingText,
    record_set_ids: batchFields.record_set_ids.meta({ example: [] }),
    row_budget: z
      .string()
      .optional()
      .meta({ ...leftOut, description: 'Most that one row may cost, such as `0.05`.' }),
    budget: z
      .string()
      .optional()
      .meta({ ...leftOut, description: 'Most that the batch may cost, such as `25.00`.' }),
    webhook_url: batchFields.webhook_url.meta(leftOut),
  })
  .meta({ id: 'NewBatchForm', description: 'Numbers, lists and objects are written as JSON.' });

const previewFields = { kind: batchFields.kind, mapping: batchFields.mapping };
export const previewForm = z.strictObject(previewFields);
export const newPreview = z.strictObject({ upload_id: uploadId, ...previewFields }).meta({
  id: 'NewBatchPreview',
  example: { upload_id: '0198c0ff-ee00-7000-8000-00000000beef', kind: 'comprehensive' },
});
export const newPreviewForm = z
  .object({ file, ...previewFields, mapping: mappingText })
  .meta({ id: 'NewBatchPreviewForm' });

export const changedSettings = z
  .strictObject({ name, ...settings })
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'Name at least one thing to change.')
  .meta({ id: 'BatchChange', example: { priority: 1 } });

export const retrySettings = z
  .strictObject({ budget: settings.budget.optional() })
  .default({})
  .meta({ id: 'BatchRetry' });

export const batchShape = z
  .object({
    id: z.uuid(),
    name: z.string(),
    kind: z.enum(queryKinds),
    state: z.enum(batchStates),
    phase: z.enum(batchPhases).meta({ description: 'How far the work has come, also while it is paused.' }),
    file: tableFile,
    mapping: mappingShape,
    options: z.object({
      min_score: z.number(),
      required_fields: z.array(z.string()),
      record_set_ids: z.array(z.uuid()).nullable(),
      use_cache: z.boolean(),
      row_budget: amount.nullable(),
    }),
    priority: count,
    concurrency: count,
    budget: amount.nullable(),
    cost: z.object({ amount, currency: z.string() }),
    progress: z.object({
      rows: count.nullable().meta({ description: 'Null until the file is validated.' }),
      ingested: count,
      found: count,
      not_found: count,
      failed: count,
      skipped: count,
      pending: count,
      duplicates: count.meta({ description: 'Rows equal to an earlier one; searched and paid once.' }),
      percent: z.number(),
      rows_per_second: z.number(),
      eta_seconds: count.nullable(),
      waiting: z
        .object({
          since: z.iso.datetime().meta({ description: 'When a row was last answered.' }),
          until: z.iso.datetime().meta({ description: 'When the rows are tried again.' }),
          reason: z.string(),
        })
        .nullable()
        .meta({
          description:
            'Rows wait for a provider that can’t be asked now. After 15 minutes without any answer they fail.',
        }),
    }),
    problem: problem.nullable().meta({ description: 'Why the batch has failed.' }),
    webhook: z
      .object({
        url: z.url(),
        state: z.enum(['pending', 'delivered', 'failed']),
        attempts: count,
        last_error: z.string().nullable(),
        delivered_at: z.iso.datetime().nullable(),
        secret: z
          .string()
          .optional()
          .meta({ description: 'Verifies its signatures. Shown once, when the batch is made.' }),
      })
      .nullable(),
    results: z
      .object({ csv: z.string(), ndjson: z.string(), errors: z.string() })
      .nullable()
      .meta({ description: 'Addresses of the result files, once they are there.' }),
    runs: count.meta({ description: 'How often failed rows were tried again after the end.' }),
    created_by: z.uuid(),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    finished_at: z.iso.datetime().nullable(),
    expires_at: z.iso.datetime().nullable().meta({ description: 'When its rows and files are deleted.' }),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Batch' });

const match = z.object({
  person_id: z.uuid().nullable(),
  record_set_id: z.uuid().nullable(),
  provider: z.string(),
  matched_on: z.array(z.string()),
  fields: personFieldsSchema,
});

export const batchRow = z
  .object({
    row: count,
    key: z.string().nullable(),
    input: z.record(z.string(), z.string()),
    status: z.enum([...rowStatuses, 'pending']),
    score: z.number().nullable(),
    cost: amount,
    search_id: z.uuid().nullable().meta({ description: 'Names the search, its trace and its bill.' }),
    code: z.string().nullable(),
    message: z.string().nullable(),
    cached: z.boolean(),
    same_as_row: count.nullable(),
    match: match.nullable(),
    facts: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'BatchRow' });

export const batchPreview = previewShape
  .extend({
    cost: z.object({
      currency: z.string(),
      per_row: amount.meta({ description: 'The most that one row can cost.' }),
      most: amount.meta({ description: 'The most that the batch can cost; equal rows count once.' }),
    }),
  })
  .meta({ id: 'BatchPreview' });
