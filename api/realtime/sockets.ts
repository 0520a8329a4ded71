import type { Context } from 'koa';
import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { stateOf } from '../request-frame.ts';
import type { Standing } from '../standing.ts';
import {
  Connection,
  connectionOptions,
  type ConnectionHandler,
  type ConnectionOptions,
} from './connection.ts';

/** Most bytes of a message to us: commands are small, and files go by upload. */
const largestMessage = 16_384;

/** Proxies close what is silent for a minute. */
const pingMilliseconds = 25_000;

export interface SocketsOptions extends ConnectionOptions {
  pingMilliseconds: number;
}

interface Handshake {
  socket: Socket;
  head: Buffer;
  response: ServerResponse;
  subprotocol?: string | undefined;
}

/** Whether a server should hand a request over as a handshake. Any other wish to upgrade is an ordinary request. */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * The WebSockets of one process. Their handshakes are requests like all others: they go through the gateway, which knows who
 * is asking, limits and refuses; what it lets through becomes a `Connection`.
 */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #handshakes = new WeakMap<IncomingMessage, Handshake>();
  readonly #open = new Map<Connection, WebSocket>();
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // It would take a third of a megabyte for each connection, and what is told is short.
    perMessageDeflate: false,
    maxPayload: largestMessage,
    // Called only when some are offered; the gateway has seen to it that the route's is among them.
    handleProtocols: (_, request) => this.#handshakes.get(request)?.subprotocol ?? false,
  });
  #pinging: NodeJS.Timeout | undefined;

  constructor(options: Partial<SocketsOptions> = {}) {
    this.#options = { ...connectionOptions, pingMilliseconds, ...options };
  }

  /** Has the handshakes of a server answered like its requests. The server is made with `asksForWebSocket`. */
  attach(server: Server, answer: (request: IncomingMessage, response: ServerResponse) => void): void {
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      // Whoever goes away before the answer is no concern of ours.
      socket.on('error', () => socket.destroy());
      response.once('finish', () => socket.destroySoon());
      this.#handshakes.set(request, { socket, head, response });
      answer(request, response);
    });
  }

  isHandshake(request: IncomingMessage): boolean {
    return this.#handshakes.has(request);
  }

  /** Makes a WebSocket of the connection that a request came by. */
  accept(ctx: Context, standing: Standing, handler: ConnectionHandler): void {
    const handshake = this.#handshakes.get(ctx.req);
    if (!handshake) throw new Error('Only a handshake becomes a WebSocket.');
    const { socket, head, response } = handshake;
    ctx.respond = false;
    response.detachSocket(socket);
    handshake.subprotocol = stateOf(ctx).route?.subprotocol;
    // A handshake that is not as it should be is refused by `ws` itself, and closed.
    socket.once('close', () => standing.end());
    this.#server.handleUpgrade(ctx.req, socket, head, (webSocket) => {
      const connection = new Connection(webSocket, standing, stateOf(ctx).traceId, this.#options);
      this.#open.set(connection, webSocket);
      webSocket.once('close', () => this.#remove(connection));
      this.#pinging ??= setInterval(() => this.#ping(), this.#options.pingMilliseconds);
      handler(connection);
    });
  }

  get count(): number {
    return this.#open.size;
  }

  /** Tells every client to connect elsewhere, and waits until they are gone: two seconds at most. */
  async close(): Promise<void> {
    const ends = Array.from(
      this.#open.values(),
      (webSocket) => new Promise((resolve) => webSocket.once('close', resolve)),
    );
    for (const connection of this.#open.keys()) connection.close('going_away');
    await Promise.all(ends);
  }

  #ping(): void {
    for (const connection of this.#open.keys()) connection.ping();
  }

  #remove(connection: Connection): void {
    this.#open.delete(connection);
    if (this.#open.size > 0) return;
    clearInterval(this.#pinging);
    this.#pinging = undefined;
  }
}
