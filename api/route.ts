import type { Context } from 'koa';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Scope } from '../domain/identity/scopes.ts';
import type { CommandKey } from '../db/commands/command.ts';
import type { Transaction } from '../db/database.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { Domain } from '../domain/domains.ts';
import type { Principal } from './principal.ts';
import type { ConnectionHandler } from './realtime/connection.ts';
import type { Standing } from './standing.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** The classes of routes that have a rate limit of their own. `system` has none: probes and scrapers must always get through. */
export type RateClass = 'read' | 'write' | 'search' | 'upload' | 'login' | 'webhook' | 'system';

type Shape = z.ZodObject;
type Output<S> = S extends z.ZodType ? z.output<S> : undefined;

export interface ResponseDeclaration {
  description: string;
  body?: z.ZodType;
  /** Media type of a body that is not JSON, e.g. `text/csv`; several where it depends on what is asked for. */
  mediaType?: string | readonly string[];
  headers?: Record<string, string>;
}

export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** A body that is streamed as it is, with its media type. */
  stream?: { content: Readable; mediaType: string };
  /** The connection becomes a WebSocket, and this serves it. Only of routes with a `subprotocol`. */
  socket?: ConnectionHandler;
}

/** What a handler gets: everything about the request that has been checked. */
export interface Request<P = unknown, Q = unknown, B = unknown, A = Principal> {
  params: P;
  query: Q;
  body: B;
  principal: A;
  /** The client's address, as the trusted proxies tell it. */
  address: string;
  traceId: string;
  /** Ends when the client goes away; on routes that stay open also when the caller may hear no more. */
  signal: AbortSignal;
  /** The caller's, on routes that stay open: streams of events and WebSockets. */
  standing: Standing | null;
  /** The caller's `Idempotency-Key` for the JSON that was sent, or a body that the handler has read itself; null without one. */
  commandKey: (body?: string | Buffer) => CommandKey | null;
  ctx: Context;
}

export type Idempotency = (
  | { domain: Domain; mode: 'transaction' }
  | { domain: Domain; mode: 'leased'; leaseSeconds: number }
  | { domain: Domain; mode: 'handler' }
) & {
  /** The answer shows a secret. It is stored sealed, so that whoever sends the request again gets the secret, and nobody else. */
  showsSecret?: true;
};

export interface RouteDeclaration {
  method: Method;
  /** With `:name` for parameters, e.g. `/v1/batches/:id`. */
  path: string;
  summary: string;
  description?: string;
  tag: string;
  /** `public`, or the scope that the caller must hold. */
  access: 'public' | Scope;
  /**
   * The request proves itself in a way of its own, which the handler looks at: an `Authorization` header is no access token
   * of ours. Only of public routes.
   */
  provesItself?: true;
  /** The connection becomes a WebSocket (RFC 6455) that speaks this subprotocol. */
  subprotocol?: string;
  /** Another scope that does as well. */
  orAccess?: Scope;
  /** API keys are refused, before a stored answer could be given. */
  session?: true;
  rate: RateClass;
  params?: Shape;
  query?: Shape;
  body?: z.ZodType;
  /** The handler reads the request's stream itself (uploads); `describeBody` tells the reference what it takes. */
  rawBody?: {
    mediaTypes: string[];
    description: string;
    /** Of all media types, or of each. Bytes where left out. */
    schema?: z.ZodType | Record<string, z.ZodType>;
  };
  responses: Record<number, ResponseDeclaration>;
  /** Origins whose pages may call the route from a browser (CORS). None: no other origin may. */
  crossOrigins?: readonly string[];
  /** Headers that the route heeds besides the usual ones, with what they do. */
  headers?: Record<string, string>;
  /** Takes `If-Match`: an edit of another state than the present one is refused. */
  ifMatch?: true;
  /** Codes of failures that this route may answer with besides those that any route may. */
  failures?: readonly ErrorCode[];
  /**
   * How the route keeps an `Idempotency-Key`'s promise. `transaction`: the handler's `transaction` holds the effect and
   * the stored answer. `leased`: the work calls the outside. `handler`: the handler sees to it by itself, with the
   * request's `commandKey`. None: repeating it is harmless by nature.
   */
  idempotency?: Idempotency;
}

export interface Route extends RouteDeclaration {
  handle(request: Request<never, never, never, never>, transaction?: Transaction): Promise<Reply>;
}

type Declared<P, Q, B, A, I> = Omit<
  RouteDeclaration,
  'params' | 'query' | 'body' | 'access' | 'idempotency'
> & {
  params?: P;
  query?: Q;
  body?: B;
  access: A;
  idempotency?: I;
  handler: (
    request: Request<Output<P>, Output<Q>, Output<B>, A extends 'public' ? Principal | null : Principal>,
    transaction: I extends { mode: 'transaction' } ? Transaction : undefined,
  ) => Promise<Reply>;
};

/**
 * Declares one route. The router, the validation and the OpenAPI document all come from this declaration, so none of
 * them can drift from the others.
 */
export function route<
  A extends 'public' | Scope,
  P extends Shape | undefined = undefined,
  Q extends Shape | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  const I extends Idempotency | undefined = undefined,
>(declaration: Declared<P, Q, B, A, I>): Route {
  const { handler, ...rest } = declaration;
  return { ...(rest as RouteDeclaration), handle: handler as unknown as Route['handle'] };
}
