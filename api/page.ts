import { z } from 'zod';
import { Failure } from '../domain/failure.ts';
import type { TokenKeyRing } from '../domain/identity/tokens.ts';
import { Cursors } from './cursor.ts';

/** The query members of every list. Spread them into the list's own. */
export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .default(50)
    .meta({ description: 'Most items of a page.', example: 20 }),
  cursor: z
    .string()
    .max(1_000)
    .optional()
    .meta({ description: '`next_cursor` of the page before; other filters than its own are refused.' }),
};

/** A page of a list. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({
    items: z.array(item),
    next_cursor: z.string().nullable().meta({ description: 'Cursor of the next page; null on the last.' }),
  });
}

export interface ListedPage<Row, Position extends z.ZodType, Item> {
  /** The list's name, with whatever the path says of it. */
  list: string;
  tenantId: string;
  query: { limit: number; cursor?: string | undefined; [filter: string]: unknown };
  /** Shape of a place in the list. */
  position: Position;
  /** Reads up to `limit` rows behind a place. */
  read: (limit: number, after: z.output<Position> | null) => Promise<Row[]>;
  positionOf: (row: Row) => z.output<Position>;
  present: (row: Row) => Item;
}

/** Reads the pages of lists. */
export class Pages {
  readonly #cursors: Cursors;

  constructor(ring: TokenKeyRing) {
    this.#cursors = new Cursors(ring);
  }

  /** One page. Its cursor is bound to the list, the tenant and the filters. */
  async read<Row, Position extends z.ZodType, Item>(
    page: ListedPage<Row, Position, Item>,
  ): Promise<{ items: Item[]; next_cursor: string | null }> {
    const { limit, cursor, ...filters } = page.query;
    const list = JSON.stringify([
      page.list,
      page.tenantId,
      Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    const after = cursor === undefined ? null : this.#cursors.decode(list, cursor, page.position);
    const rows = await page.read(limit + 1, after);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const more = rows.length > limit && last !== undefined;
    return {
      items: shown.map((row) => page.present(row)),
      next_cursor: more ? this.#cursors.encode(list, page.positionOf(last)) : null,
    };
  }
}

/** A moment that a list is filtered by: RFC 3339, with any offset. */
export const momentFilter = z.iso
  .datetime({ offset: true })
  .optional()
  .transform((text) => (text === undefined ? undefined : new Date(text)));

/** The place in a list that is ordered by UUID v7, newest first. */
export const idPosition = z.object({ id: z.uuid() });

/** Refuses a filter that names a moment after the other end of its range. */
export function requireOrder(from: Date | undefined, to: Date | undefined): void {
  if (from && to && from > to) {
    throw new Failure('request.invalid', 'The query is not valid.', {
      issues: [{ pointer: '/query/from', message: 'It lies after `to`.' }],
    });
  }
}
