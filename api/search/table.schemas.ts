import { z } from 'zod';
import { dateFormats } from '../../domain/search/date-format.ts';
import { personFieldsSchema } from '../../domain/search/person.ts';

// What batches and imports have in common: a table that was uploaded, and its mapping.

export const count = z.int().min(0);

export const uploadId = z.uuid().meta({
  description: 'From `POST /v1/uploads` or a preview; its file must be there.',
  example: '0198c0ff-ee00-7000-8000-00000000beef',
});

export const file = z
  .string()
  .meta({ format: 'binary', description: 'CSV or NDJSON, also gzipped; at most 2 GB.' });

/** A field of a form that pages which fill forms in are to leave alone: empty is left out. */
export const leftOut = { example: '' };

/** A mapping in a form, as text. */
export const mappingText = z
  .string()
  .optional()
  .meta({
    ...leftOut,
    description:
      'JSON that tells which columns say what, such as `{"key": "id", "fields": {"full_name": "name"}, "phones": ["phone"]}`; ' +
      'guessed where left out. A preview shows the guess.',
  });

/** A mapping as it is answered: every source in its long form. It may be sent back as it is. */
export const mappingShape = z
  .object({
    fields: z.record(z.string(), z.object({ columns: z.array(z.string()), join: z.string() })),
    phones: z.array(z.string()),
    emails: z.array(z.string()),
    attributes: z.record(z.string(), z.string()),
    key: z.string().optional(),
    date_format: z.enum(dateFormats),
    country: z.string().optional(),
  })
  .meta({ id: 'Mapping' });
const issues = z.array(z.object({ pointer: z.string(), message: z.string() }));

export const problem = z.object({ code: z.string(), message: z.string(), issues: issues.optional() });

export const tableFile = z
  .object({
    name: z.string(),
    bytes: count,
    sha256: z.string().nullable(),
    format: z.enum(['csv', 'ndjson']).nullable(),
    compression: z.enum(['gzip', 'none']).nullable(),
    encoding: z.string().nullable(),
    delimiter: z.string().nullable(),
    columns: z.array(z.string()).nullable(),
  })
  .meta({
    id: 'TableFile',
    description: 'The uploaded file; how it is written is known once it is validated.',
  });

export const previewShape = z
  .object({
    upload_id: z
      .uuid()
      .meta({ description: 'The file is kept for a day: make the batch of it with this id.' }),
    file: tableFile,
    mapping: mappingShape,
    guess: z
      .array(
        z.object({
          column: z.string(),
          target: z.string().nullable(),
          confidence: z.number(),
        }),
      )
      .nullable()
      .meta({ description: 'How sure the guess is, by column; null where a mapping was given.' }),
    rows: count,
    valid: count,
    duplicates: count,
    duplicate_keys: count,
    unmapped_columns: z.array(z.string()),
    problems: z.array(
      z.object({
        code: z.string(),
        count,
        examples: z.array(z.object({ row: count, line: count, message: z.string() })),
      }),
    ),
    notices: z.array(z.object({ code: z.string(), message: z.string() })),
    sample: z.array(
      z.object({
        row: count,
        input: z.record(z.string(), z.string()),
        fields: personFieldsSchema.nullable(),
        key: z.string().nullable(),
        problem: z.object({ code: z.string(), message: z.string() }).nullable(),
      }),
    ),
  })
  .meta({ id: 'TablePreview' });
