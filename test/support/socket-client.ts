import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import type { Json } from './json.ts';

// Loose, as tests look into it.
export type SocketMessage = Record<string, Json>;

/** A client of a WebSocket of ours, which keeps what it is told until somebody asks. */
export class SocketClient {
  readonly socket: WebSocket;
  readonly #heard: SocketMessage[] = [];
  #tell: (() => void) | null = null;
  #end: { code: number; reason: string } | null = null;

  constructor(url: string, token: string | null, options: ClientOptions & { path?: string } = {}) {
    const address = new URL(options.path ?? '/v1/notifications/socket', url.replace('http', 'ws'));
    this.socket = new WebSocket(address, token === null ? [] : ['perdure.v1', `bearer.${token}`], options);
    this.socket.on('message', (data: Buffer) => {
      this.#heard.push(JSON.parse(data.toString()) as SocketMessage);
      this.#tell?.();
    });
    this.socket.on('close', (code, reason) => {
      this.#end = { code, reason: reason.toString() };
      this.#tell?.();
    });
    this.socket.on('error', () => this.#tell?.());
  }

  /** Connects, and hears the welcome. */
  static async open(url: string, token: string | null, options: ClientOptions = {}): Promise<SocketClient> {
    const client = new SocketClient(url, token, options);
    const refused = new Promise<never>((_, reject) => {
      client.socket.once('unexpected-response', (__, response) =>
        reject(new Error(`refused with ${response.statusCode}`)),
      );
    });
    await Promise.race([once(client.socket, 'open'), refused]);
    assert.equal((await client.next()).type, 'welcome');
    return client;
  }

  /** The status with which a handshake is refused, and the code of the problem. */
  static async refusal(
    url: string,
    token: string | null,
    options: ClientOptions & { path?: string } = {},
  ): Promise<{ status: number | undefined; code: unknown }> {
    const { socket } = new SocketClient(url, token, options);
    const [, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      AsyncIterable<Buffer> & { statusCode?: number },
    ];
    let text = '';
    for await (const chunk of response) text += chunk.toString();
    socket.terminate();
    return { status: response.statusCode, code: (JSON.parse(text) as { code: unknown }).code };
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The next message. */
  async next(): Promise<SocketMessage> {
    await this.#until(() => this.#heard.length > 0);
    const message = this.#heard.shift();
    assert.ok(message, `closed with ${JSON.stringify(this.#end)}`);
    return message;
  }

  /** Messages until one that fits, with it. */
  async until(fits: (message: SocketMessage) => boolean): Promise<SocketMessage[]> {
    const messages: SocketMessage[] = [];
    for (;;) {
      const message = await this.next();
      messages.push(message);
      if (fits(message)) return messages;
    }
  }

  /** With which code it is closed. */
  async closed(): Promise<number> {
    await this.#until(() => false);
    return this.#end?.code ?? 0;
  }

  close(): void {
    this.socket.terminate();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition() && this.#end === null) await new Promise<void>((resolve) => (this.#tell = resolve));
  }
}
