import { v7 as uuidv7 } from 'uuid';
import type { Sql } from '../sql.ts';
import type { OpenOrder } from './open-order.ts';

/** What people of the organisation write down about an order. Its customer never sees it. */
export interface Note {
  id: string;
  text: string;
  createdBy: string;
  /** ISO 8601. */
  createdAt: string;
}

const columns = `id, text, created_by as "createdBy",
  to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt"`;

export async function addNote(open: OpenOrder, text: string, userId: string): Promise<Note> {
  const { order, transaction } = open;
  const [note] = await transaction.sql<Note>(
    `insert into orders.notes (id, order_id, tenant_id, text, created_by) values ($1, $2, $3, $4, $5)
     returning ${columns}`,
    [uuidv7(), order.id, order.tenantId, text, userId],
  );
  if (!note) throw new Error('An insert gave no row.');
  // The text may name people: it stays in its row.
  open.tell('order.note_added', { note_id: note.id });
  return note;
}

/** Newest first. */
export async function notesOf(
  sql: Sql,
  tenantId: string,
  orderId: string,
  limit: number,
  afterId: string | null,
): Promise<Note[]> {
  return await sql<Note>(
    `select ${columns} from orders.notes
     where tenant_id = $1 and order_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4`,
    [tenantId, orderId, afterId, limit],
  );
}
