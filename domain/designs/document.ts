import { z } from 'zod';
import { designLimits } from './limits.ts';

/** The families that texts can be set in. All ship with the renderer, so a design looks alike everywhere. */
const fontFamilies = ['sans', 'serif', 'mono', 'condensed'] as const;

const shapeKinds = ['rectangle', 'ellipse', 'line', 'triangle', 'star', 'heart', 'bone', 'paw'] as const;

const patternKinds = ['dots', 'stripes', 'checks', 'zigzag', 'paws', 'bones', 'hearts'] as const;

const layerId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .meta({ description: 'Unique in the document.', example: 'name' });

const colour = z
  .string()
  .regex(/^#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$/)
  .meta({ description: '#rrggbb, or #rrggbbaa with its opacity.', example: '#1d3557' });

/** Millimetres or pixels, as the canvas says. */
const place = z.number().min(-20_000).max(20_000);
const length = z.number().min(0.01).max(20_000);

const stroke = z.strictObject({ color: colour, width: z.number().min(0.01).max(1_000) });

const common = {
  id: layerId,
  name: z.string().trim().min(1).max(100).optional().meta({ description: 'What people call the layer.' }),
  x: place,
  y: place,
  rotation: z
    .number()
    .min(-360)
    .max(360)
    .default(0)
    .meta({ description: 'Degrees clockwise, about the middle of the box; of a text, about its anchor.' }),
  opacity: z.number().min(0).max(1).default(1),
  visible: z.boolean().default(true),
};

const box = { width: length, height: length };

const textLayer = z
  .strictObject({
    type: z.literal('text'),
    ...common,
    text: z
      .string()
      .min(1)
      .max(designLimits.textCharacters)
      .refine(
        (text) => text.split('\n').length <= designLimits.textLines,
        `It has more than ${designLimits.textLines} lines.`,
      )
      .refine((text) => !holdsControls(text), 'It holds a control character.')
      .meta({ description: `Lines are parted by \\n, up to ${designLimits.textLines} of them.` }),
    font: z.enum(fontFamilies).default('sans'),
    weight: z.enum(['regular', 'bold']).default('regular'),
    style: z.enum(['normal', 'italic']).default('normal'),
    size: z.number().min(0.1).max(5_000).meta({ description: 'Of the font, in the unit of the canvas.' }),
    color: colour.default('#000000'),
    align: z
      .enum(['left', 'center', 'right'])
      .default('left')
      .meta({ description: 'Which part of each line lies at `x`; `y` is the base of the first line.' }),
    line_height: z.number().min(0.5).max(4).default(1.2).meta({ description: 'As a multiple of the size.' }),
    letter_spacing: z.number().min(-100).max(1_000).default(0),
    stroke: stroke.optional(),
  })
  .meta({ id: 'DesignTextLayer' });

const imageLayer = z
  .strictObject({
    type: z.literal('image'),
    ...common,
    ...box,
    asset_id: z.uuid(),
    fit: z
      .enum(['contain', 'cover', 'stretch'])
      .default('contain')
      .meta({ description: 'How the picture is brought into its box: whole, filling it, or distorted.' }),
  })
  .meta({ id: 'DesignImageLayer' });

const shapeLayer = z
  .strictObject({
    type: z.literal('shape'),
    ...common,
    ...box,
    shape: z.enum(shapeKinds),
    fill: colour.nullable().default('#000000'),
    stroke: stroke.optional(),
    corner_radius: z.number().min(0).max(10_000).default(0).meta({ description: 'Of a rectangle.' }),
  })
  .meta({ id: 'DesignShapeLayer' });

const patternLayer = z
  .strictObject({
    type: z.literal('pattern'),
    ...common,
    ...box,
    pattern: z.enum(patternKinds),
    tile: z.number().min(0.1).max(5_000).meta({ description: 'Edge of the square that is repeated.' }),
    color: colour,
    background: colour.nullable().default(null),
    angle: z.number().min(-360).max(360).default(0),
  })
  .meta({ id: 'DesignPatternLayer' });

const layer = z
  .discriminatedUnion('type', [textLayer, imageLayer, shapeLayer, patternLayer])
  .meta({ id: 'DesignLayer' });

const canvas = z
  .strictObject({
    width: z.number().min(1).max(designLimits.canvasPixels),
    height: z.number().min(1).max(designLimits.canvasPixels),
    unit: z.enum(['mm', 'px']).meta({
      description: `Of every length in the document. In mm, an edge has at most ${designLimits.canvasMillimetres}.`,
    }),
    dpi: z.int().min(36).max(1_200).default(300).meta({ description: 'Pixels an inch in print.' }),
    background: colour.nullable().default(null).meta({ description: 'null: nothing, transparent.' }),
  })
  .superRefine(({ unit, width, height }, context) => {
    if (unit === 'px') return;
    for (const [name, edge] of Object.entries({ width, height }))
      if (edge > designLimits.canvasMillimetres)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `In mm it is at most ${designLimits.canvasMillimetres}.`,
        });
  })
  .meta({ id: 'DesignCanvas' });

/** A design as it is saved: what is on it, from the bottom to the top. Version 1 of the format. */
export const documentSchema = z
  .strictObject({
    format: z.literal(1).meta({ description: 'Version of the format of documents.' }),
    product: z
      .strictObject({
        sku: z.string().trim().min(1).max(100),
        variant: z.string().trim().min(1).max(100).optional(),
      })
      .nullable()
      .default(null)
      .meta({ description: 'What it is printed on.' }),
    canvas,
    layers: z
      .array(layer)
      .max(designLimits.layers)
      .superRefine((layers, context) => {
        const seen = new Set<string>();
        for (const [index, { id }] of layers.entries()) {
          if (seen.has(id))
            context.addIssue({ code: 'custom', path: [index, 'id'], message: 'Another layer has this id.' });
          seen.add(id);
        }
      })
      .meta({ description: 'From the bottom to the top.' }),
    assets: z
      .array(z.uuid())
      .max(designLimits.attachedAssets)
      .default([])
      .meta({ description: 'Assets that lie ready beside the design, whether or not a layer uses them.' }),
  })
  .meta({ id: 'DesignDocument' });

export type DesignDocument = z.output<typeof documentSchema>;
export type DesignLayer = DesignDocument['layers'][number];
export type DesignCanvas = DesignDocument['canvas'];

/** XML has no form for most of them, and no font has a picture. */
function holdsControls(text: string): boolean {
  return /[\p{Cc}\ufffe\uffff]/u.test(text.replaceAll('\n', ''));
}
