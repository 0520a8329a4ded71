import { z } from 'zod';
import type { Transaction } from '../../db/database.ts';
import { mostOnHand, StockRepository, type Item } from '../../db/orders/stock.repository.ts';
import { etagOf, requireMatch } from '../etag.ts';
import { pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Request, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { reasonInput, skuInput } from './order.schemas.ts';
import { atLocation, itemFields, itemShape, measuresOf, presentItem, skuParams } from './stock.schemas.ts';

const idempotency = { domain: 'orders', mode: 'transaction' } as const;
const tag = 'Stock';
const etag = { ETag: 'Of title, price and whether it is sold.' };

/** What is sold, and how much of it is where. */
export function createStockRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'get',
      path: '/v1/stock',
      summary: 'The items of the organisation, by SKU',
      tag,
      access: 'stock:read',
      rate: 'read',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of items.', body: pageOf(itemShape) } },
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'stock',
          tenantId,
          query,
          position: z.object({ sku: z.string() }),
          read: (limit, after) =>
            database.read('orders', ({ sql }) =>
              new StockRepository(sql, tenantId).list(limit, after?.sku ?? null),
            ),
          positionOf: ({ sku }) => ({ sku }),
          present: presentItem,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/stock/:sku',
      summary: 'An item',
      tag,
      access: 'stock:read',
      rate: 'read',
      params: skuParams,
      responses: { 200: { description: 'The item.', body: itemShape, headers: etag } },
      failures: ['orders.item_not_found'],
      handler: async ({ params: { sku }, principal: { tenantId } }) => {
        const item = await database.read('orders', ({ sql }) => new StockRepository(sql, tenantId).get(sku));
        return { status: 200, headers: { ETag: etagOf(item.version) }, body: presentItem(item) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/stock',
      summary: 'Put an item on sale',
      description: 'What is ordered under a SKU that is no item is made to order, and never missing.',
      tag,
      access: 'stock:write',
      rate: 'write',
      body: z
        .strictObject({
          sku: skuInput,
          ...itemFields,
          active: itemFields.active.default(true),
          weight_grams: itemFields.weight_grams.default(null),
          size_mm: itemFields.size_mm.default(null),
        })
        .meta({
          id: 'NewStockItem',
          example: {
            sku: 'TSHIRT-M',
            title: 'T-shirt, M',
            price: '1999',
            currency: 'EUR',
            weight_grams: 180,
          },
        }),
      idempotency,
      responses: {
        201: {
          description: 'The item.',
          body: itemShape,
          headers: { Location: 'Where it is found.', ...etag },
        },
      },
      failures: ['orders.item_exists'],
      handler: async (request, transaction) => {
        const stock = new StockRepository(transaction.sql, request.principal.tenantId);
        const { sku, title, price, currency, active } = request.body;
        await stock.add({ sku, title, price, currency, active, ...measuresOf(request.body) });
        const item = await stock.get(sku);
        await tell(transaction, request, sku, 'inventory.item_added', factsOf(item));
        const headers = { Location: `/v1/stock/${encodeURIComponent(sku)}`, ETag: etagOf(item.version) };
        return { status: 201, headers, body: presentItem(item) };
      },
    }),
    route({
      method: 'patch',
      path: '/v1/stock/:sku',
      summary: 'Change an item',
      description: 'Orders keep the price that they were placed at.',
      tag,
      access: 'stock:write',
      rate: 'write',
      params: skuParams,
      body: z
        .strictObject(itemFields)
        .partial()
        .meta({ id: 'StockItemChange', example: { price: '2199', currency: 'EUR' } }),
      ifMatch: true,
      idempotency,
      responses: { 200: { description: 'The item.', body: itemShape, headers: etag } },
      failures: ['orders.item_not_found', 'request.precondition_failed'],
      handler: async (request, transaction) => {
        const { sku } = request.params;
        const stock = new StockRepository(transaction.sql, request.principal.tenantId);
        const present = await stock.lock(sku);
        requireMatch(request.ctx, present.version);
        const { title, price, currency, active } = request.body;
        await stock.change(sku, {
          title: title ?? present.title,
          price: price ?? present.price,
          currency: currency ?? present.currency,
          active: active ?? present.active,
          ...measuresOf(request.body, present),
        });
        const item = await stock.get(sku);
        await tell(transaction, request, sku, 'inventory.item_changed', factsOf(item));
        return { status: 200, headers: { ETag: etagOf(item.version) }, body: presentItem(item) };
      },
    }),
    route({
      method: 'put',
      path: '/v1/stock/:sku/locations/:location',
      summary: 'Say how many there are, as counted',
      tag,
      access: 'stock:write',
      rate: 'write',
      params: atLocation,
      body: z.strictObject({ on_hand: z.int().min(0).max(mostOnHand) }).meta({
        id: 'StockCount',
        example: { on_hand: 10 },
      }),
      idempotency,
      responses: { 200: { description: 'The item.', body: itemShape } },
      failures: ['orders.item_not_found', 'orders.stock_negative'],
      handler: async (request, transaction) => {
        const { sku, location } = request.params;
        const stock = new StockRepository(transaction.sql, request.principal.tenantId);
        await stock.get(sku);
        await stock.set(sku, location, request.body.on_hand);
        await tell(transaction, request, sku, 'inventory.counted', { location, ...request.body });
        return { status: 200, body: presentItem(await stock.get(sku)) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/stock/:sku/locations/:location/adjust',
      summary: 'Add to what there is, or take away',
      tag,
      access: 'stock:write',
      rate: 'write',
      params: atLocation,
      body: z
        .strictObject({
          by: z
            .int()
            .min(-1_000_000)
            .max(1_000_000)
            .refine((by) => by !== 0, 'It changes nothing.'),
          reason: reasonInput.optional(),
        })
        .meta({ id: 'StockAdjustment', example: { by: -1, reason: 'It was damaged.' } }),
      idempotency,
      responses: { 200: { description: 'The item.', body: itemShape } },
      failures: ['orders.item_not_found', 'orders.stock_negative', 'orders.quantity_exceeded'],
      handler: async (request, transaction) => {
        const { sku, location } = request.params;
        const stock = new StockRepository(transaction.sql, request.principal.tenantId);
        await stock.get(sku);
        await stock.adjust(sku, location, request.body.by);
        await tell(transaction, request, sku, 'inventory.adjusted', { location, by: request.body.by });
        return { status: 200, body: presentItem(await stock.get(sku)) };
      },
    }),
  ];
}

async function tell(
  transaction: Transaction,
  { principal, traceId }: Request,
  sku: string,
  type: string,
  data: Record<string, unknown>,
): Promise<void> {
  await transaction.publish({
    type,
    tenantId: principal.tenantId,
    subject: `item:${principal.tenantId}:${sku}`,
    data: { sku, ...data },
    actorId: principal.userId,
    traceId,
  });
}

function factsOf({ price, currency, active, weightGrams }: Item): Record<string, unknown> {
  return { price: String(price), currency, active, weight_grams: weightGrams };
}
