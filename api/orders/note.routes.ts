import { z } from 'zod';
import { addNote, notesOf, type Note } from '../../db/orders/notes.ts';
import { changeOrder } from '../../db/orders/open-order.ts';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import { notices } from '../../domain/orders/order-mail.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { actorOf } from './actor.ts';
import { idParams } from './order.schemas.ts';

const tag = 'Orders';
const noteShape = z
  .object({ id: z.uuid(), text: z.string(), created_by: z.uuid(), created_at: z.iso.datetime() })
  .meta({ id: 'OrderNote' });

/** Notes on orders, for the people of the organisation, and notices to customers. */
export function createNoteRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'post',
      path: '/v1/orders/:id/notes',
      summary: 'Write a note on an order',
      tag,
      access: 'orders:write',
      rate: 'write',
      params: idParams,
      body: z
        .strictObject({ text: z.string().trim().min(1).max(5_000) })
        .meta({ id: 'NewOrderNote', example: { text: 'Wrap it as a present.' } }),
      idempotency: { domain: 'orders', mode: 'transaction' },
      responses: { 201: { description: 'The note.', body: noteShape } },
      failures: ['orders.order_not_found'],
      handler: async (request, transaction) => {
        const { tenantId, userId } = request.principal;
        let note: Note | undefined;
        await changeOrder(transaction, tenantId, request.params.id, actorOf(request), async (open) => {
          note = await addNote(open, request.body.text, userId);
        });
        return { status: 201, body: note && present(note) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/orders/:id/notices',
      summary: 'Mail the customer a notice once more',
      description: 'It tells how the order stands now.',
      tag,
      access: 'orders:write',
      rate: 'write',
      params: idParams,
      body: z
        .strictObject({ notice: z.enum(notices) })
        .meta({ id: 'OrderNotice', example: { notice: 'shipped' } }),
      idempotency: { domain: 'orders', mode: 'transaction' },
      responses: {
        202: { description: 'It will be mailed.', body: z.object({ notice: z.enum(notices) }) },
      },
      failures: ['orders.order_not_found'],
      handler: async (request, transaction) => {
        const { tenantId } = request.principal;
        const { notice } = request.body;
        await changeOrder(transaction, tenantId, request.params.id, actorOf(request), (open) =>
          open.tell('order.notice_requested', { notice }),
        );
        return { status: 202, body: { notice } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/orders/:id/notes',
      summary: 'The notes on an order, newest first',
      tag,
      access: 'orders:read',
      rate: 'read',
      params: idParams,
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of notes.', body: pageOf(noteShape) } },
      failures: ['orders.order_not_found'],
      handler: async ({ params: { id }, principal: { tenantId }, query }) => {
        await database.read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(id));
        const body = await pages.read({
          list: `orders/${id}/notes`,
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('orders', ({ sql }) => notesOf(sql, tenantId, id, limit, after?.id ?? null)),
          positionOf: ({ id: noteId }) => ({ id: noteId }),
          present,
        });
        return { status: 200, body };
      },
    }),
  ];
}

function present({ id, text, createdBy, createdAt }: Note): object {
  return { id, text, created_by: createdBy, created_at: createdAt };
}
