import type { Route } from '../route.ts';
import type { Services } from '../services.ts';
import { createFulfillmentRoutes } from './fulfillment.routes.ts';
import { createLabelRoutes } from './label.routes.ts';
import { createLocationRoutes } from './location.routes.ts';
import { createNoteRoutes } from './note.routes.ts';
import { createOrderCommandRoutes } from './order-commands.routes.ts';
import { createOrderReadRoutes } from './order-read.routes.ts';
import { createPaymentActionRoutes } from './payment-action.routes.ts';
import { createRefundRoutes } from './refund.routes.ts';
import { createReturnRoutes } from './return.routes.ts';
import { createStockRoutes } from './stock.routes.ts';

/** Orders, their packages and notes, and the stock that they are taken from. */
export function createOrderRoutes(services: Services): Route[] {
  return [
    ...createOrderCommandRoutes(services),
    ...createOrderReadRoutes(services),
    ...createFulfillmentRoutes(services),
    ...createLabelRoutes(services),
    ...createNoteRoutes(services),
    ...createReturnRoutes(services),
    ...createRefundRoutes(services),
    ...createPaymentActionRoutes(services),
    ...createStockRoutes(services),
    ...createLocationRoutes(services),
  ];
}
