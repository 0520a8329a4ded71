import { addAbortListener } from 'node:events';
import { Failure } from '../../domain/failure.ts';
import type { Logger } from '../../platform/log.ts';
import { isOutage } from '../../platform/outage.ts';
import { requireStorable } from '../body.ts';
import { toProblem } from '../errors.ts';
import { requireScope } from '../standing.ts';
import { validate } from '../validate.ts';
import type { Channel } from './channel.ts';
import type { Connection } from './connection.ts';
import { clientMessage, type ClientMessage } from './messages.ts';
import { Subscription } from './subscription.ts';

/** A client follows a handful of things at once. */
const mostSubscriptions = 50;

type Said<T extends ClientMessage['type']> = Extract<ClientMessage, { type: T }>;

/** One client's conversation over a WebSocket: what it follows, what it has done, and what it is told. */
export class Session {
  readonly #connection: Connection;
  readonly #channels: Readonly<Record<string, Channel>>;
  readonly #log: Logger;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(connection: Connection, channels: Readonly<Record<string, Channel>>, log: Logger) {
    this.#connection = connection;
    this.#channels = channels;
    this.#log = log;
  }

  async start(): Promise<void> {
    this.#connection.onMessage((value) => this.#hear(value));
    await this.#connection.send({ type: 'welcome', expires_at: this.#expiresAt() });
  }

  /** Handles a message. What goes wrong is answered; nothing is thrown. */
  async #hear(value: unknown): Promise<void> {
    try {
      requireStorable(value);
      const message = validate(clientMessage, value, 'body');
      const answer = await this.#answer(message);
      if (answer) await this.#connection.send({ ...answer, ...refOf(message) });
    } catch (error) {
      await this.#fail(error, refOf(value));
    }
  }

  async #answer(message: ClientMessage): Promise<object | null> {
    switch (message.type) {
      case 'subscribe':
        return this.#subscribe(message);
      case 'unsubscribe':
        return this.#unsubscribe(message);
      case 'ack':
        this.#subscriptions.get(nameOf(message))?.acknowledge(message.id);
        return null;
      case 'do':
        return await this.#do(message);
      case 'authenticate':
        await this.#connection.standing.renew(`Bearer ${message.token}`);
        return { type: 'authenticated', expires_at: this.#expiresAt() };
      case 'ping':
        return { type: 'pong' };
    }
  }

  #subscribe(message: Said<'subscribe'>): object {
    const channel = this.#channel(message.channel);
    const name = nameOf(message);
    if (this.#subscriptions.has(name))
      throw new Failure('request.invalid', 'You follow this already. Unsubscribe first.');
    if (this.#subscriptions.size >= mostSubscriptions)
      throw new Failure('request.invalid', `You follow ${mostSubscriptions} things, as many as one may.`);
    const subscription = new Subscription(this.#connection.signal, message.window);
    this.#subscriptions.set(name, subscription);
    addAbortListener(subscription.signal, () => {
      if (this.#subscriptions.get(name) === subscription) this.#subscriptions.delete(name);
    });
    void this.#deliver(channel, message, subscription);
    return { type: 'subscribed', channel: message.channel, ...topicOf(message) };
  }

  #unsubscribe(message: Said<'unsubscribe'>): object {
    this.#channel(message.channel);
    this.#subscriptions.get(nameOf(message))?.end();
    return { type: 'unsubscribed', channel: message.channel, ...topicOf(message) };
  }

  async #do({ channel, command: name, data }: Said<'do'>): Promise<object> {
    const { commands } = this.#channel(channel);
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new Failure('request.invalid', 'There is no such command.');
    const { standing, traceId } = this.#connection;
    requireScope(standing.principal, [command.access]);
    await standing.limit(command.rate);
    const checked = validate(command.data, data, 'body');
    const result = await command.run({ principal: standing.principal, data: checked, traceId });
    return { type: 'done', data: result };
  }

  /** Tells what happens, for as long as somebody wants to hear it. */
  async #deliver(channel: Channel, message: Said<'subscribe'>, subscription: Subscription): Promise<void> {
    const { signal } = subscription;
    const { principal } = this.#connection.standing;
    const { after = null, topic = null } = message;
    const about = { channel: message.channel, ...topicOf(message) };
    try {
      for await (const event of channel.follow({ principal, topic, after, signal })) {
        if (event === null) continue;
        await subscription.room(event.id);
        if (signal.aborted) break;
        await this.#connection.send({ type: 'event', ...about, ...event });
      }
    } catch (error) {
      await this.#fail(error, about);
    }
    subscription.end();
  }

  #channel(name: string): Channel {
    const channel = Object.hasOwn(this.#channels, name) ? this.#channels[name] : undefined;
    if (!channel) throw new Failure('request.invalid', 'There is no such channel here.');
    return channel;
  }

  /** Tells what went wrong. What is not the client's doing ends the connection: it comes back and goes on where it was. */
  async #fail(error: unknown, about: object): Promise<void> {
    const { traceId } = this.#connection;
    if (error instanceof Failure) {
      const { problem } = toProblem(error, traceId);
      await this.#connection.send({ type: 'failed', ...about, problem });
      return;
    }
    const outage = isOutage(error);
    this.#log[outage ? 'warn' : 'error']({ err: error, trace_id: traceId }, 'a WebSocket cannot go on');
    this.#connection.close(outage ? 'unavailable' : 'internal');
  }

  #expiresAt(): string | null {
    const { expiresAt } = this.#connection.standing.principal;
    return expiresAt === null ? null : new Date(expiresAt).toISOString();
  }
}

function nameOf({ channel, topic = '' }: { channel: string; topic?: string | undefined }): string {
  return `${channel} ${topic}`;
}

function topicOf({ topic }: { topic?: string | undefined }): { topic?: string } {
  return topic === undefined ? {} : { topic };
}

function refOf(value: unknown): { ref?: string } {
  const { ref } = (value ?? {}) as { ref?: unknown };
  return typeof ref === 'string' && ref.length <= 100 ? { ref } : {};
}
