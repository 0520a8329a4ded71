import { Failure, type Issue } from '../../domain/failure.ts';

/** Says which thing of a body can't be ordered, and why. */
export function lineRefusal(
  code:
    | 'orders.price_missing'
    | 'orders.currency_mixed'
    | 'orders.amount_invalid'
    | 'orders.item_not_sold'
    | 'orders.design_unknown',
  message: string,
  pointer: string,
): Failure {
  const issues: Issue[] = [{ pointer, message }];
  return new Failure(code, 'A line of the order is not valid.', { issues });
}
