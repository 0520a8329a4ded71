/** Failures that any route or process can raise. */
export const platformErrors = {
  'request.invalid': 'validation',
  'request.malformed_json': 'validation',
  'request.too_large': 'too_large',
  'request.unsupported_media_type': 'unsupported_media',
  'request.not_found': 'not_found',
  'request.method_not_allowed': 'validation',
  'request.rate_limited': 'rate_limited',
  'request.precondition_failed': 'precondition_failed',
  'request.cursor_invalid': 'validation',
  'idempotency.key_reused': 'unprocessable',
  'idempotency.in_progress': 'conflict',
  'storage.object_not_found': 'not_found',
  'storage.object_too_large': 'too_large',
  'storage.link_invalid': 'forbidden',
  'storage.link_expired': 'gone',
  'service.unavailable': 'unavailable',
} as const;
