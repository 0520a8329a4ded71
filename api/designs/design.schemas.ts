import { z } from 'zod';
import { accessLevels } from '../../domain/designs/access.ts';
import { documentSchema } from '../../domain/designs/document.ts';
import { designLimits } from '../../domain/designs/limits.ts';

export const idParams = z.object({ id: z.uuid() });
export const versionParams = z.object({
  id: z.uuid(),
  number: z
    .string()
    .max(100)
    // What is no number of a version is one that no design has: who may not see the design learns nothing from it.
    .transform((text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0))
    .meta({ description: 'Of a version, from 1 on.', example: '1' }),
});

export const nameInput = z.string().trim().min(1).max(200);
const tagsInput = z
  .array(z.string().trim().min(1).max(50))
  .max(designLimits.tags)
  .transform((tags) => [...new Set(tags)]);

export const exampleDocument = {
  format: 1,
  product: { sku: 'TAG-32' },
  canvas: { width: 32, height: 32, unit: 'mm', dpi: 600, background: '#1d3557' },
  layers: [
    { type: 'shape', id: 'paw', x: 11, y: 3, width: 10, height: 10, shape: 'paw', fill: '#f1faee' },
    {
      type: 'text',
      id: 'name',
      x: 16,
      y: 22,
      text: 'Bella',
      size: 7,
      weight: 'bold',
      color: '#ffffff',
      align: 'center',
    },
  ],
};

/** With the shape of `GET /v1/design-schema`. */
export const documentInput = documentSchema;

export const newDesign = z
  .strictObject({
    name: nameInput.optional().meta({ description: 'The preset’s name where left out.' }),
    tags: tagsInput.default([]),
    document: documentInput.optional(),
    preset_id: z.uuid().optional().meta({ description: 'Begins with the document of a preset.' }),
  })
  .refine(({ document, preset_id }) => (document === undefined) !== (preset_id === undefined), {
    message: 'Send either a document or a preset_id.',
    path: ['document'],
  })
  .refine(({ name, preset_id }) => name !== undefined || preset_id !== undefined, {
    message: 'A design has a name.',
    path: ['name'],
  })
  .meta({ id: 'NewDesign', example: { name: 'Bella’s tag', tags: ['dog'], document: exampleDocument } });

export const designChange = z
  .strictObject({ name: nameInput, tags: tagsInput, document: documentInput })
  .partial()
  .refine((change) => Object.values(change).some((member) => member !== undefined), 'It changes nothing.')
  .meta({ id: 'DesignChange', example: { name: 'Bella’s other tag' } });

export const duplication = z
  .strictObject({
    name: nameInput.optional().meta({ description: 'The same name where left out.' }),
    version: z
      .int()
      .min(1)
      .max(designLimits.versions)
      .optional()
      .meta({ description: 'The newest where left out.' }),
  })
  .default({})
  .meta({ id: 'DesignDuplication', example: { name: 'Bella’s second tag' } });

const origin = z
  .object({
    kind: z.enum(['preset', 'design', 'link', 'restored', 'optimised']),
    id: z.uuid().optional(),
    version: z.int().optional(),
  })
  .meta({ id: 'DesignOrigin', description: 'What it was made of.' });

const summary = {
  id: z.uuid(),
  name: z.string(),
  tags: z.array(z.string()),
  product_sku: z.string().nullable(),
  version: z.int().meta({ description: 'Of the newest document.' }),
  access: z.enum(accessLevels).meta({ description: 'What you may do: each level holds the ones before it.' }),
  origin: origin.nullable(),
  created_by: z.uuid(),
  ordered_at: z.iso.datetime().nullable().meta({ description: 'Since when an order names a version of it.' }),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
};

export const designSummary = z.object(summary).meta({ id: 'DesignSummary' });
export const designShape = z.object({ ...summary, document: documentSchema }).meta({ id: 'Design' });

const versionFacts = {
  number: z.int(),
  content_hash: z.string().meta({ description: 'SHA-256 of the document: equal contents have equal ones.' }),
  made_from: origin.nullable(),
  frozen_at: z.iso
    .datetime()
    .nullable()
    .meta({ description: 'Since when an order names it: from then on it is kept for good.' }),
  created_by: z.uuid().nullable().meta({ description: 'null: by the system.' }),
  created_at: z.iso.datetime(),
};

export const versionSummary = z.object(versionFacts).meta({ id: 'DesignVersionSummary' });
export const versionShape = z
  .object({ design_id: z.uuid(), ...versionFacts, document: documentSchema })
  .meta({ id: 'DesignVersion' });
