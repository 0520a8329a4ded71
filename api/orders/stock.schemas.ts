import { z } from 'zod';
import type { Item } from '../../db/orders/stock.repository.ts';
import type { UnitMeasures } from '../../domain/orders/parcel.ts';
import { amountInput, currencyInput, locationInput, weightInput } from './order.schemas.ts';

export const skuParams = z.object({ sku: z.string().min(1).max(100).meta({ example: 'TSHIRT-M' }) });
export const atLocation = skuParams.extend({ location: locationInput });
const count = z.int().min(0);

const millimetres = z.int().min(1).max(10_000);
const sizeInput = z
  .strictObject({ length: millimetres, width: millimetres, height: millimetres })
  .meta({ id: 'UnitSize', example: { length: 120, width: 100, height: 90 } });

export const itemShape = z
  .object({
    sku: z.string(),
    title: z.string(),
    price: z.string().meta({ example: '1999' }),
    currency: z.string(),
    active: z.boolean(),
    weight_grams: z.int().nullable(),
    size_mm: z.object({ length: z.int(), width: z.int(), height: z.int() }).nullable(),
    locations: z.array(
      z.object({
        location: z.string(),
        on_hand: count,
        reserved: count.meta({ description: 'Held for orders that have not left yet.' }),
        available: count,
      }),
    ),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'StockItem' });

export const itemFields = {
  title: z.string().trim().min(1).max(300),
  price: amountInput,
  currency: currencyInput,
  active: z.boolean().meta({ description: 'False: it can’t be ordered again.' }),
  weight_grams: weightInput.nullable().meta({
    description:
      'Of a unit as it is packed, in grams; 0 for what weighs nothing. Carriers take nothing of unknown weight.',
    example: 350,
  }),
  size_mm: sizeInput.nullable().meta({ description: 'Of a unit as it is packed, in millimetres.' }),
};

const measures = z.object({ weight_grams: itemFields.weight_grams, size_mm: itemFields.size_mm }).partial();

/** As the repository has them. What is not said stays. */
export function measuresOf(
  { weight_grams: weightGrams, size_mm: size }: z.output<typeof measures>,
  present: UnitMeasures = { weightGrams: null, size: null },
): UnitMeasures {
  return {
    weightGrams: weightGrams === undefined ? present.weightGrams : weightGrams,
    size:
      size === undefined
        ? present.size
        : size && { lengthMm: size.length, widthMm: size.width, heightMm: size.height },
  };
}

export function presentItem(item: Item): object {
  return {
    sku: item.sku,
    title: item.title,
    price: String(item.price),
    currency: item.currency,
    active: item.active,
    weight_grams: item.weightGrams,
    size_mm: item.size && {
      length: item.size.lengthMm,
      width: item.size.widthMm,
      height: item.size.heightMm,
    },
    locations: item.locations.map(({ location, onHand, reserved, available }) => ({
      location,
      on_hand: onHand,
      reserved,
      available,
    })),
    updated_at: item.updatedAt.toISOString(),
  };
}
