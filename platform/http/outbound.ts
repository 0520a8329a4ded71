import { request, type Agent, type Dispatcher } from 'undici';
import { checkDestination, parseHostsAndPorts, type HostRules } from './destination.ts';
import { detailsHere } from '../telemetry/span.ts';
import { guardedAgent, systemResolver, type Resolver } from './guarded-agent.ts';
import { problemOf, type OutboundProblem, type OutboundProblemCode } from './problem.ts';
import { isRedirect, nextHop, type Hop } from './redirect.ts';
import { BodyTooLarge, BodyUndecodable, readBeginning, readWhole } from './response-body.ts';

export interface OutboundRequest {
  url: string | URL;
  /** Default GET. */
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Where this caller may go, redirects included. */
  hosts: HostRules;
  signal?: AbortSignal;
  /** For everything: name, connection, redirects, response to its last byte. Default 10,000. */
  timeoutMs?: number;
  /** Default 1 MiB, compressed or not. */
  maxResponseBytes?: number;
  /** What becomes of a larger response: it is a failure, or its beginning is enough (`cut`). Default `refuse`. */
  largerResponse?: 'refuse' | 'cut';
  /** Default 3; 0 hands a redirect back as the response it is. */
  maxRedirects?: number;
}

export interface OutboundResponse {
  ok: true;
  status: number;
  /** Lower-case names; several fields of one name are joined by ", ". */
  headers: Record<string, string>;
  body: Buffer;
  /** There was more than `body` holds. */
  cut: boolean;
  redirects: number;
  elapsedMs: number;
}

export interface OutboundFailure extends OutboundProblem {
  ok: false;
  redirects: number;
  elapsedMs: number;
}

export type OutboundResult = OutboundResponse | OutboundFailure;

export interface OutboundOptions {
  /** `host:port` pairs that may be reached on private addresses: the operator's own services, local development. */
  allowPrivate?: readonly string[];
  /** The operator's own limit, for all callers; a caller's rules hold beside it. Default: any public host by HTTPS. */
  hosts?: HostRules;
  resolve?: Resolver;
  /** Default 5,000. */
  connectTimeoutMs?: number;
}

/**
 * The one way out to hosts that customers name: vendors' APIs, webhook receivers. It refuses everything but public
 * addresses of allowed hosts, at every redirect, and bounds time and size. It raises nothing but bugs: what goes
 * wrong outside is a coded result. It repeats nothing: whether a request may be sent twice is its caller's to know.
 */
export class OutboundClient {
  readonly #allowPrivate: ReadonlySet<string>;
  readonly #hosts: HostRules;
  readonly #publicAgent: Agent;
  readonly #privateAgent: Agent;

  constructor(options: OutboundOptions = {}) {
    const { resolve = systemResolver, connectTimeoutMs = 5_000 } = options;
    this.#allowPrivate = parseHostsAndPorts(options.allowPrivate ?? []);
    this.#hosts = options.hosts ?? 'any';
    this.#publicAgent = guardedAgent(resolve, true, connectTimeoutMs);
    this.#privateAgent = guardedAgent(resolve, false, connectTimeoutMs);
  }

  async send(outbound: OutboundRequest): Promise<OutboundResult> {
    const started = performance.now();
    const progress: Progress = { redirects: 0, sent: false };
    const timeout = AbortSignal.timeout(outbound.timeoutMs ?? 10_000);
    const signal = outbound.signal === undefined ? timeout : AbortSignal.any([outbound.signal, timeout]);
    const outcome = await this.#follow(outbound, signal, progress).catch((error: unknown) => {
      if (outbound.signal?.aborted === true)
        return problem('aborted', 'The request was cancelled.', progress.sent);
      if (timeout.aborted) return problem('timeout', 'The host did not answer in time.', progress.sent);
      const known = bodyProblem(error) ?? problemOf(error);
      if (known === null) throw error;
      return { ok: false as const, ...known };
    });
    return { ...outcome, redirects: progress.redirects, elapsedMs: performance.now() - started };
  }

  /** Closes idle connections and waits for the requests under way. */
  async close(): Promise<void> {
    await Promise.all([this.#publicAgent.close(), this.#privateAgent.close()]);
  }

  async #follow(outbound: OutboundRequest, signal: AbortSignal, progress: Progress): Promise<Outcome> {
    signal.throwIfAborted();
    const { hosts, maxRedirects = 3, maxResponseBytes = 1_048_576 } = outbound;
    let target: string | URL = outbound.url;
    let hop: Omit<Hop, 'url'> = {
      method: outbound.method ?? 'GET',
      headers: { 'accept-encoding': 'identity', ...outbound.headers },
      body: outbound.body ?? null,
    };
    for (;;) {
      const listed = checkDestination(target, hosts, this.#allowPrivate);
      const destination = listed.allowed ? checkDestination(target, this.#hosts, this.#allowPrivate) : listed;
      if (!destination.allowed) return problem(destination.code, destination.message, progress.sent);
      const agent = destination.private ? this.#privateAgent : this.#publicAgent;
      progress.sent = true;
      const sent: Hop = { ...hop, url: destination.url };
      const read = outbound.largerResponse === 'cut' ? readBeginning : readWhole;
      const response = await traced(sent, () => exchange(sent, agent, signal, maxResponseBytes, read));
      const location = response.headers['location'];
      if (!isRedirect(response.status) || location === undefined || maxRedirects === 0) return response;
      if (progress.redirects === maxRedirects) {
        return problem('too_many_redirects', `The host redirected more than ${maxRedirects} times.`, true);
      }
      const url = URL.parse(location, destination.url.href);
      const next = url === null ? null : nextHop(sent, response.status, url);
      if (next === null) {
        return problem('redirect_refused', 'The host redirected to where the request must not go on.', true);
      }
      progress.redirects += 1;
      target = next.url;
      hop = next;
    }
  }
}

interface Progress {
  redirects: number;
  sent: boolean;
}

type Outcome =
  | Omit<OutboundResponse, 'redirects' | 'elapsedMs'>
  | Omit<OutboundFailure, 'redirects' | 'elapsedMs'>;

async function exchange(
  hop: Hop,
  dispatcher: Dispatcher,
  signal: AbortSignal,
  limit: number,
  read: typeof readWhole,
): Promise<Omit<OutboundResponse, 'redirects' | 'elapsedMs'>> {
  const response = await request(hop.url.href, {
    dispatcher,
    signal,
    method: hop.method as Dispatcher.HttpMethod,
    headers: hop.headers,
    body: hop.body,
  });
  const headers = Object.fromEntries(
    Object.entries(response.headers)
      .filter((entry): entry is [string, string | string[]] => entry[1] !== undefined)
      .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
  const content = await read(response.body, headers['content-encoding'], limit);
  return { ok: true, status: response.statusCode, headers, ...content };
}

/** A span of a call tells the host and the status, and nothing of the address behind the host or of what was said. */
async function traced<R extends { ok: boolean }>(
  hop: Hop,
  call: () => Promise<R & { status?: number }>,
): Promise<R> {
  const { hostname, port, protocol } = hop.url;
  const detail = detailsHere()?.start('http', () => ({
    name: `${hop.method} ${hostname}`,
    attributes: {
      'http.request.method': hop.method,
      'server.address': hostname,
      'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
    },
  }));
  try {
    const response = await call();
    detail?.end(response.status === undefined ? {} : { 'http.response.status_code': response.status });
    return response;
  } catch (error) {
    detail?.end({ 'error.type': error instanceof Error ? error.name : 'error' });
    throw error;
  }
}

function problem(
  code: OutboundProblemCode,
  message: string,
  reached: boolean,
): Omit<OutboundFailure, 'redirects' | 'elapsedMs'> {
  return { ok: false, code, message, reached };
}

function bodyProblem(error: unknown): OutboundProblem | null {
  if (error instanceof BodyTooLarge)
    return { code: 'response_too_large', message: error.message, reached: true };
  if (error instanceof BodyUndecodable)
    return { code: 'response_invalid', message: error.message, reached: true };
  return null;
}
