import { z } from 'zod';
import { importModes, importPhases } from '../../domain/search/import.ts';
import { mappingSchema } from '../../domain/search/mapping.ts';
import { file, mappingShape, mappingText, problem, tableFile, uploadId } from './table.schemas.ts';

const name = z.string().trim().min(1).max(200).meta({ example: 'Customers' });

export const newRecordSet = z.strictObject({ name }).meta({ id: 'NewRecordSet' });

export const recordSetShape = z
  .object({
    id: z.uuid(),
    name: z.string(),
    people: z.int().min(0),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'RecordSet' });

const importFields = {
  mode: z
    .enum(importModes)
    .default('append')
    .meta({
      description:
        '`append` adds people; one with the external id of somebody who is there takes their place. `replace`: the people of the file ' +
        'take the place of all, at once and for every search, when the last of them is stored.',
    }),
  mapping: mappingSchema.optional().meta({
    description:
      'Which columns say what; guessed where left out. The column of `key` becomes the external id.',
  }),
};

export const importForm = z.strictObject(importFields);
export type ImportForm = z.output<typeof importForm>;

export const newImport = z.strictObject({ upload_id: uploadId, ...importFields }).meta({
  id: 'NewImport',
  example: { upload_id: '0198c0ff-ee00-7000-8000-00000000beef', mode: 'append' },
});
export const newImportForm = z.object({ file, ...importFields, mapping: mappingText }).meta({
  id: 'NewImportForm',
  description: 'The mapping is written as JSON.',
});

export const importPreviewForm = z.strictObject({ mapping: importFields.mapping });
export const newImportPreview = z
  .strictObject({ upload_id: uploadId, mapping: importFields.mapping })
  .meta({ id: 'NewImportPreview', example: { upload_id: '0198c0ff-ee00-7000-8000-00000000beef' } });
export const newImportPreviewForm = z
  .object({ file, mapping: mappingText })
  .meta({ id: 'NewImportPreviewForm' });

const count = z.int().min(0);

export const importShape = z
  .object({
    id: z.uuid(),
    record_set_id: z.uuid(),
    mode: z.enum(importModes),
    state: z.enum(importPhases),
    file: tableFile,
    mapping: mappingShape,
    progress: z.object({
      rows: count.nullable().meta({ description: 'Null until the file is validated.' }),
      read: count,
      imported: count,
      rejected: count,
      percent: z.number(),
      rows_per_second: z.number(),
      eta_seconds: count.nullable(),
    }),
    problem: problem.nullable().meta({ description: 'Why the import has failed.' }),
    rejected_rows: z.string().nullable().meta({ description: 'Address of the report, once it is there.' }),
    created_by: z.uuid(),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Import' });
