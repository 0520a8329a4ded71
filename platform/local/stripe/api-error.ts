/** A request that Stripe would answer with an error object (docs.stripe.com/api/errors). */
export class ApiError extends Error {
  readonly status: number;
  readonly error: Readonly<Record<string, unknown>>;
  /** Whether the answer is kept under the request's idempotency key: that of a request that was begun. */
  readonly kept: boolean;

  constructor(status: number, error: Record<string, unknown> & { message: string }, kept = true) {
    super(error.message);
    this.status = status;
    this.error = { type: 'invalid_request_error', ...error };
    this.kept = kept;
  }
}

export function invalid(param: string, message: string, code?: string): ApiError {
  return new ApiError(400, { message, param, ...(code ? { code } : {}) }, false);
}

export function missing(kind: string, id: string): ApiError {
  const param = kind === 'payment_method' ? 'payment_method' : 'intent';
  return new ApiError(404, { code: 'resource_missing', message: `No such ${kind}: '${id}'`, param }, false);
}
