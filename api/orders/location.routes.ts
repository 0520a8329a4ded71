import { z } from 'zod';
import type { Transaction } from '../../db/database.ts';
import { LocationRepository, type Location } from '../../db/orders/location.repository.ts';
import { pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Request, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { locationInput, senderInput } from './order.schemas.ts';

const idempotency = { domain: 'orders', mode: 'transaction' } as const;
const tag = 'Stock';
const reading = { tag, access: 'stock:read', rate: 'read' } as const;
const command = { tag, access: 'stock:write', rate: 'write', idempotency } as const;
const params = z.object({ location: locationInput });

const locationShape = z
  .object({
    location: z.string(),
    sender: z.record(z.string(), z.string()).meta({
      example: { company: 'Mugs & Co', line1: 'Invalidenstr. 1', city: 'Berlin', country: 'DE' },
    }),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'StockLocation' });
const one = { description: 'The location.', body: locationShape };

const failures = ['orders.location_not_found'] as const;

/** Who sends from where. A location that has a sender sends by carrier, with labels that are bought; any other by hand. */
export function createLocationRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      ...reading,
      method: 'get',
      path: '/v1/stock-locations',
      summary: 'The locations that send by carrier, by name',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of locations.', body: pageOf(locationShape) } },
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'stock-locations',
          tenantId,
          query,
          position: z.object({ location: z.string() }),
          read: (limit, after) =>
            database.read('orders', ({ sql }) =>
              new LocationRepository(sql, tenantId).list(limit, after?.location ?? null),
            ),
          positionOf: ({ location }) => ({ location }),
          present: presentLocation,
        });
        return { status: 200, body };
      },
    }),
    route({
      ...reading,
      method: 'get',
      path: '/v1/stock-locations/:location',
      summary: 'A location that sends by carrier',
      params,
      responses: { 200: one },
      failures,
      handler: async ({ params: { location }, principal: { tenantId } }) => {
        const found = await database.read('orders', ({ sql }) =>
          new LocationRepository(sql, tenantId).get(location),
        );
        return { status: 200, body: presentLocation(found) };
      },
    }),
    route({
      ...command,
      method: 'post',
      path: '/v1/stock-locations',
      summary: 'Say who sends from a location',
      description:
        'From now on labels are bought for packages from there, and each unit in them needs a weight. `made-to-order` is the ' +
        'location of what is no item.',
      body: z.strictObject({ location: locationInput, sender: senderInput }).meta({ id: 'NewStockLocation' }),
      responses: { 201: { ...one, headers: { Location: 'Where it is found.' } } },
      failures: ['orders.location_exists'],
      handler: async (request, transaction) => {
        const { location, sender } = request.body;
        const locations = new LocationRepository(transaction.sql, request.principal.tenantId);
        await locations.add(location, sender);
        await tell(transaction, request, location, 'inventory.location_added');
        const headers = { Location: `/v1/stock-locations/${location}` };
        return { status: 201, headers, body: presentLocation(await locations.get(location)) };
      },
    }),
    route({
      ...command,
      method: 'put',
      path: '/v1/stock-locations/:location',
      summary: 'Change who sends from a location',
      params,
      body: z.strictObject({ sender: senderInput }).meta({ id: 'StockLocationChange' }),
      responses: { 200: one },
      failures,
      handler: async (request, transaction) => {
        const { location } = request.params;
        const locations = new LocationRepository(transaction.sql, request.principal.tenantId);
        await locations.change(location, request.body.sender);
        await tell(transaction, request, location, 'inventory.location_changed');
        return { status: 200, body: presentLocation(await locations.get(location)) };
      },
    }),
    route({
      ...command,
      method: 'delete',
      path: '/v1/stock-locations/:location',
      summary: 'Send from a location by hand again',
      description: 'Stock and what was sent stay as they are.',
      params,
      responses: { 204: { description: 'It sends by hand.' } },
      failures,
      handler: async (request, transaction) => {
        const { location } = request.params;
        await new LocationRepository(transaction.sql, request.principal.tenantId).remove(location);
        await tell(transaction, request, location, 'inventory.location_removed');
        return { status: 204 };
      },
    }),
  ];
}

async function tell(
  transaction: Transaction,
  { principal, traceId }: Pick<Request, 'principal' | 'traceId'>,
  location: string,
  type: string,
): Promise<void> {
  await transaction.publish({
    type,
    tenantId: principal.tenantId,
    subject: `location:${principal.tenantId}:${location}`,
    data: { location },
    actorId: principal.userId,
    traceId,
  });
}

function presentLocation({ location, sender, updatedAt }: Location): object {
  return { location, sender, updated_at: updatedAt.toISOString() };
}
