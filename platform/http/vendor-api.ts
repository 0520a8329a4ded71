import type { OutboundClient, OutboundResult } from './outbound.ts';
import { Guard, type GuardOptions, type GuardHealth } from '../resilience/guard.ts';

/** What one request to a vendor's API came to. */
export type Exchange =
  | { kind: 'answered'; status: number; body: unknown }
  /** The vendor did nothing: it never got the request, or said that it would not. */
  | {
      kind: 'unsent';
      reason: 'unreachable' | 'rate_limited' | 'circuit_open' | 'overloaded' | 'cancelled';
      retryAfterSeconds: number | null;
    }
  /** Nobody knows what the vendor did. */
  | { kind: 'lost'; reason: string };

export interface VendorApiOptions {
  /** Without a slash at the end. */
  baseUrl: string;
  /** With every request, credentials among them. They are in no result. */
  headers: Readonly<Record<string, string>>;
  client: OutboundClient;
  guard: GuardOptions;
}

export interface VendorRequest {
  method: 'GET' | 'POST' | 'DELETE';
  /** From the base on, with its query. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  signal?: AbortSignal | undefined;
}

/**
 * One vendor's JSON API, told apart into what the vendor answered, what it never did and what nobody knows. It repeats
 * nothing. A 5xx is not an answer: the vendor may have done its work before it failed.
 */
export class VendorApi {
  readonly #options: VendorApiOptions;
  readonly #guard: Guard<OutboundResult>;
  readonly #hosts: string[];

  constructor(options: VendorApiOptions) {
    this.#options = options;
    this.#guard = new Guard<OutboundResult>(options.guard, failed);
    this.#hosts = [new URL(options.baseUrl).origin];
  }

  get health(): GuardHealth {
    return this.#guard.health;
  }

  async send(request: VendorRequest): Promise<Exchange> {
    const signal = request.signal ?? new AbortController().signal;
    if (signal.aborted) return { kind: 'unsent', reason: 'cancelled', retryAfterSeconds: null };
    const { baseUrl, headers, client, guard } = this.#options;
    const result = await this.#guard.run(
      (limited) =>
        client.send({
          method: request.method,
          url: `${baseUrl}${request.path}`,
          headers: { accept: 'application/json', ...headers, ...request.headers },
          ...(request.body === undefined ? {} : { body: request.body }),
          hosts: this.#hosts,
          signal: limited,
          // The guard's limit comes first, so that there is one.
          timeoutMs: guard.timeoutMs + 1_000,
          maxRedirects: 0,
          maxResponseBytes: 4_194_304,
        }),
      signal,
    );
    if (result.ok) return read(result.value);
    if (result.code === 'circuit_open')
      return {
        kind: 'unsent',
        reason: result.code,
        retryAfterSeconds: Math.ceil(result.retryAfterMs / 1000),
      };
    if (result.code === 'overloaded') return { kind: 'unsent', reason: result.code, retryAfterSeconds: null };
    return { kind: 'lost', reason: result.code };
  }
}

/** What counts against the vendor. That it is asked too often does not. */
function failed(result: OutboundResult): boolean {
  return result.ok ? result.status >= 500 : result.code !== 'aborted';
}

function read(result: OutboundResult): Exchange {
  if (!result.ok) {
    return result.reached
      ? { kind: 'lost', reason: result.code }
      : { kind: 'unsent', reason: 'unreachable', retryAfterSeconds: null };
  }
  const { status, headers } = result;
  if (status === 429)
    return { kind: 'unsent', reason: 'rate_limited', retryAfterSeconds: secondsOf(headers['retry-after']) };
  if (status >= 500) return { kind: 'lost', reason: `status_${status}` };
  const body = parsed(result.body);
  return body === undefined
    ? { kind: 'lost', reason: 'answer_unreadable' }
    : { kind: 'answered', status, body };
}

function secondsOf(field: string | undefined): number | null {
  return field !== undefined && /^\d{1,6}$/.test(field) ? Number(field) : null;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
