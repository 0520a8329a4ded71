import { v7 as uuidv7 } from 'uuid';
import type { Sql } from '../sql.ts';
import type { DesignReference, OrderLine } from './order.ts';

export interface NewLine {
  sku: string;
  title: string;
  externalId: string | null;
  quantity: number;
  unitPrice: bigint;
  discount: bigint;
  tax: bigint;
  design: DesignReference | null;
  /** Of a unit, for what is no item. */
  weightGrams?: number | null;
}

/** Stores lines of an order, behind those that it has. */
export async function insertLines(
  sql: Sql,
  order: { id: string; tenantId: string },
  lines: readonly NewLine[],
  firstPosition: number,
): Promise<OrderLine[]> {
  const inserted: OrderLine[] = [];
  for (const [index, given] of lines.entries()) {
    const line = toLine(given, firstPosition + index);
    await sql(
      `insert into orders.order_lines (id, order_id, tenant_id, position, sku, title, external_id, unit_price_minor,
         discount_minor, tax_minor, quantity, design, weight_grams)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        line.id,
        order.id,
        order.tenantId,
        line.position,
        line.sku,
        line.title,
        line.externalId,
        line.unitPrice,
        line.discount,
        line.tax,
        line.quantity,
        line.design && JSON.stringify(line.design),
        line.weightGrams,
      ],
    );
    inserted.push(line);
  }
  return inserted;
}

function toLine(line: NewLine, position: number): OrderLine {
  return {
    ...line,
    id: uuidv7(),
    position,
    weightGrams: line.weightGrams ?? null,
    missing: false,
    cancelled: 0,
    allocated: 0,
    shipped: 0,
    delivered: 0,
    undeliverable: 0,
    returning: 0,
    returned: 0,
    refunded: 0,
  };
}

/** What is told of a line when it is ordered. */
export function tellable({ id, sku, quantity, design }: OrderLine): Record<string, unknown> {
  return {
    line_id: id,
    sku,
    quantity,
    ...(design ? { design_id: design.id, design_version: design.version } : {}),
  };
}
