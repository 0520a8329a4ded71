import { z } from 'zod';
import { OrderRepository } from '../../db/orders/order.repository.ts';
import { unconfirmedOf } from '../../db/orders/order-money.ts';
import { Failure } from '../../domain/failure.ts';
import { PaymentActions } from '../../services/orders/payment-actions.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { idParams } from './order.schemas.ts';

/** What a customer needs whose bank asks whether it is the customer who pays (3-D Secure). */
export function createPaymentActionRoutes({ config, database }: Services): Route[] {
  const actions = new PaymentActions(config.ENCRYPTION_KEYS);
  return [
    route({
      tag: 'Orders',
      // Whoever has it can pay in the customer's name.
      access: 'orders:write',
      rate: 'read',
      method: 'get',
      path: '/v1/orders/:id/payment-action',
      summary: 'With what a customer confirms the payment',
      description:
        'For an order that is `customer_action_required` because the bank wants to hear from the customer. Give it to the ' +
        'customer and to nobody else; with Stripe, `client_secret` is for `stripe.handleNextAction`. The order goes on by itself.',
      params: idParams,
      responses: {
        200: {
          description: 'What the processor wants the customer to do.',
          headers: { 'Cache-Control': 'It is stored nowhere.' },
          body: z
            .object({
              redirect_url: z.string().nullable(),
              client_secret: z.string().nullable(),
              deadline: z.iso.datetime().nullable(),
            })
            .meta({ id: 'PaymentAction' }),
        },
      },
      failures: ['orders.order_not_found', 'orders.nothing_to_confirm'],
      handler: async ({ params: { id }, principal: { tenantId } }) => {
        const order = await database.read('orders', ({ sql }) => new OrderRepository(sql, tenantId).get(id));
        const payment = unconfirmedOf(order);
        if (!payment?.action)
          throw new Failure('orders.nothing_to_confirm', 'No payment of the order waits for its customer.', {
            order_status: order.status,
          });
        const { redirectUrl, clientSecret } = actions.open(payment.id, payment.action);
        return {
          status: 200,
          headers: { 'Cache-Control': 'no-store' },
          body: {
            redirect_url: redirectUrl,
            client_secret: clientSecret,
            deadline: order.deadlineAt?.toISOString() ?? null,
          },
        };
      },
    }),
  ];
}
