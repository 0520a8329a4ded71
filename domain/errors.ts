import { designErrors } from './designs/errors.ts';
import { identityErrors } from './identity/errors.ts';
import { notificationsErrors } from './notifications/errors.ts';
import { ordersErrors } from './orders/errors.ts';
import { platformErrors } from './platform/errors.ts';
import { searchErrors } from './search/errors.ts';
import { webhookErrors } from './webhooks/errors.ts';

/** What class of answer an error is. Only `api/errors.ts` turns a kind into an HTTP status. */
export type ErrorKind =
  | 'validation'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'timeout'
  | 'conflict'
  | 'gone'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_media'
  | 'unprocessable'
  | 'upgrade_required'
  | 'rate_limited'
  | 'unavailable';

export type ErrorTable = Readonly<Record<`${string}.${string}`, ErrorKind>>;

/** Every coded failure of the product. A new domain adds its table here; a test asserts the codes are unique. */
export const errorTables = {
  platform: platformErrors,
  identity: identityErrors,
  search: searchErrors,
  webhooks: webhookErrors,
  orders: ordersErrors,
  notifications: notificationsErrors,
  designs: designErrors,
} as const;

export const errorKinds = {
  ...platformErrors,
  ...identityErrors,
  ...searchErrors,
  ...webhookErrors,
  ...ordersErrors,
  ...notificationsErrors,
  ...designErrors,
} as const;

export type ErrorCode = keyof typeof errorKinds;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorKinds, code);
}
