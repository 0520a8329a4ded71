import { errors } from 'undici';
import type { RefusalCode } from './destination.ts';
import { AddressRefused } from './guarded-agent.ts';

/** Why a request has no usable response. */
export type OutboundProblemCode =
  | RefusalCode
  | 'request_invalid'
  | 'dns_failed'
  | 'connect_failed'
  | 'connect_timeout'
  | 'tls_failed'
  | 'timeout'
  | 'aborted'
  | 'reset'
  | 'response_invalid'
  | 'response_too_large'
  | 'redirect_refused'
  | 'too_many_redirects';

export interface OutboundProblem {
  code: OutboundProblemCode;
  /** For people. Names a host at most: never a path, a query, a header or a body, where secrets may be. */
  message: string;
  /** The other side may have got the request, and acted on it: its outcome is unknown, not "nothing happened". */
  reached: boolean;
}

/** Problems found before a connection stands: nothing was sent. */
const beforeSending = new Map<string, Omit<OutboundProblem, 'reached'>>([
  ['ENOTFOUND', { code: 'dns_failed', message: 'The name of the host has no address.' }],
  ['EAI_AGAIN', { code: 'dns_failed', message: 'The name of the host could not be resolved.' }],
  ['ENODATA', { code: 'dns_failed', message: 'The name of the host has no address.' }],
  ['ECONNREFUSED', { code: 'connect_failed', message: 'The host refused the connection.' }],
  ['EHOSTUNREACH', { code: 'connect_failed', message: 'The host could not be reached.' }],
  ['ENETUNREACH', { code: 'connect_failed', message: 'The network of the host could not be reached.' }],
  ['EADDRNOTAVAIL', { code: 'connect_failed', message: 'The host could not be reached.' }],
  ['ETIMEDOUT', { code: 'connect_timeout', message: 'The host did not accept the connection in time.' }],
]);

const tlsError = /^(?:EPROTO|ERR_(?:TLS|SSL)_.*|.*CERT.*|UNABLE_TO_.*|HOSTNAME_MISMATCH|.*SIGNATURE.*)$/;

/** Turns what undici or Node raised into a coded problem, or null if it is neither's (a bug of ours: throw it on). */
export function problemOf(error: unknown): OutboundProblem | null {
  const cause = rootOf(error);
  if (cause instanceof AddressRefused)
    return { code: 'address_refused', message: cause.message, reached: false };
  if (cause instanceof errors.ConnectTimeoutError) {
    return {
      code: 'connect_timeout',
      message: 'The host did not accept the connection in time.',
      reached: false,
    };
  }
  if (cause instanceof errors.HeadersOverflowError) {
    return {
      code: 'response_too_large',
      message: 'The headers of the response are too large.',
      reached: true,
    };
  }
  if (cause instanceof errors.HTTPParserError || cause instanceof errors.ResponseContentLengthMismatchError) {
    return { code: 'response_invalid', message: 'The response is not valid HTTP.', reached: true };
  }
  if (cause instanceof errors.InvalidArgumentError) {
    return {
      code: 'request_invalid',
      message: 'The request has an invalid part (method, header or URL).',
      reached: false,
    };
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const early = beforeSending.get(code);
  if (early !== undefined) return { ...early, reached: false };
  if (tlsError.test(code)) {
    return { code: 'tls_failed', message: `No secure connection to the host (${code}).`, reached: false };
  }
  if (cause instanceof errors.SocketError || code === 'ECONNRESET' || code === 'EPIPE') {
    return {
      code: 'reset',
      message: 'The host closed the connection before it had answered in full.',
      reached: true,
    };
  }
  return null;
}

/** Several addresses tried at once fail as one AggregateError; the first of them says why. */
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  return error;
}
