/** One fulfilment is what leaves one location in one package. */
export const fulfillmentStatuses = [
  'unavailable',
  'pending',
  'allocated',
  'packed',
  'shipped',
  'delivered',
  'cancelled',
  'failed',
  'returned_to_sender',
  'lost',
] as const;
export type FulfillmentStatus = (typeof fulfillmentStatuses)[number];

const fulfillmentTransitions: Readonly<Record<FulfillmentStatus, readonly FulfillmentStatus[]>> = {
  unavailable: ['cancelled'],
  pending: ['allocated', 'cancelled', 'failed'],
  allocated: ['packed', 'cancelled', 'failed'],
  packed: ['shipped', 'cancelled', 'failed'],
  shipped: ['delivered', 'returned_to_sender', 'lost'],
  delivered: [],
  cancelled: [],
  failed: [],
  returned_to_sender: [],
  lost: [],
};

export function canMoveFulfillment(from: FulfillmentStatus, to: FulfillmentStatus): boolean {
  return fulfillmentTransitions[from].includes(to);
}

/** True while nothing has left and it can still be called off. */
export function isBeforeShipping(status: FulfillmentStatus): boolean {
  return canMoveFulfillment(status, 'cancelled');
}
