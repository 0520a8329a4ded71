import { Failure } from '../failure.ts';

/** Where the returns of an order stand; `none` when there was never one. */
export const returnStatuses = [
  'none',
  'requested',
  'approved',
  'declined',
  'partially_received',
  'received',
  'closed',
] as const;
export type ReturnStatus = (typeof returnStatuses)[number];

export const returnTransitions: Readonly<Record<ReturnStatus, readonly ReturnStatus[]>> = {
  none: ['requested'],
  requested: ['approved', 'declined'],
  approved: ['partially_received', 'received', 'closed'],
  declined: [],
  partially_received: ['received', 'closed'],
  received: ['closed'],
  closed: [],
};

/** @throws Failure `orders.return_state` when a return can't go there from where it is */
export function requireReturnMove(from: ReturnStatus, to: ReturnStatus): void {
  if (returnTransitions[from].includes(to)) return;
  throw new Failure('orders.return_state', `The return is ${from} and cannot become ${to}.`, {
    return_status: from,
  });
}
