import { Failure } from '../failure.ts';
import { hasShipped, type OrderStatus } from './order-status.ts';

/** What people do to an order. */
export const orderCommands = ['amend', 'hold', 'release', 'cancel', 'ship', 'return'] as const;
export type OrderCommand = (typeof orderCommands)[number];

const allowed: Readonly<Record<OrderCommand, readonly OrderStatus[]>> = {
  amend: [
    'pending',
    'customer_action_required',
    'on_hold',
    'processing',
    'partially_shipped',
    'partially_delivered',
  ],
  hold: ['pending', 'processing'],
  release: ['on_hold'],
  cancel: ['pending', 'customer_action_required', 'on_hold', 'processing'],
  ship: ['processing', 'partially_shipped', 'partially_delivered'],
  return: ['partially_delivered', 'delivered', 'completed'],
};

const refusals: Readonly<Record<OrderCommand, string>> = {
  amend: 'Only an order of which something has yet to leave can be amended.',
  hold: 'Only an order that is pending or processing can be put on hold.',
  release: 'Only an order that is on hold can be released.',
  cancel: 'Only an order of which nothing has left can be cancelled.',
  ship: 'Only an order that is being processed can be shipped.',
  return: 'Only what was delivered can be returned.',
};

/** Statuses that say the command has taken effect already: it may be repeated, and changes nothing. */
const done: Readonly<Partial<Record<OrderCommand, OrderStatus>>> = { hold: 'on_hold', cancel: 'cancelled' };

/**
 * Whether a command still has to be carried out; false when it has taken effect already.
 *
 * @throws Failure `orders.order_state` when the command does not fit the status. After shipping, a cancellation is
 * answered with the offer of a return.
 */
export function admitCommand(command: OrderCommand, status: OrderStatus): boolean {
  if (allowed[command].includes(status)) return true;
  if (done[command] === status) return false;
  const offer = command === 'cancel' && hasShipped(status) ? { offer: 'return' } : {};
  const hint = 'offer' in offer ? ' It can be returned once it is delivered.' : '';
  throw new Failure('orders.order_state', `The order is ${status}. ${refusals[command]}${hint}`, {
    order_status: status,
    ...offer,
  });
}
