import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { SentWebhook } from '../support/senders.ts';
import type { Json } from '../support/json.ts';

/** A body is made anew for every try. */
type Body = () => FormData | object | string | undefined;

export interface Answer {
  status: number;
  body: Json;
  location: string;
}

/** A request that the API has answered for good, and what it has said. */
interface Acknowledged {
  path: string;
  key: string;
  body: Body;
  answer: Answer;
}

/** How long the first try of a request is waited for. Each further one gets as much again: a machine may be slow for long. */
const patienceMilliseconds = 10_000;

/**
 * A client as the documentation asks for: each command has an `Idempotency-Key`, and is sent again under it until it is
 * answered. Keeps what it was told.
 */
export class Caller {
  readonly acknowledged: Acknowledged[] = [];
  /** Answers that say nothing but that something is wrong: a fault that we know is named, so there must be none. */
  readonly bareErrors: string[] = [];
  readonly #url: string;
  readonly #authorization: string;

  constructor(url: string, authorization: string) {
    this.#url = url;
    this.#authorization = authorization;
  }

  /** Posts until it is answered for good: done, or refused because of what was asked. */
  async command(
    path: string,
    body: Body = () => undefined,
    options: { key?: string; signal?: AbortSignal } = {},
  ): Promise<Answer> {
    const { key = uuidv7(), signal } = options;
    const answer = await this.#untilAnswered('POST', path, body, key, signal);
    this.acknowledged.push({ path, key, body, answer });
    return answer;
  }

  /** Puts until it is answered for good. What is said of a thing may be another by the time that it is said again. */
  async put(path: string, body: object): Promise<Answer> {
    return await this.#untilAnswered('PUT', path, () => body, uuidv7());
  }

  /** The same client with a session of its own in place of its key, for what takes a person. */
  async logIn(email: string, password: string): Promise<Caller> {
    const body = () => ({ email, password });
    const { body: tokens } = await this.#untilAnswered('POST', '/v1/sessions', body, null);
    return new Caller(this.#url, `Bearer ${(tokens as { access_token: string }).access_token}`);
  }

  /** Deletes what is there. */
  async remove(path: string): Promise<Answer> {
    return await this.#untilAnswered('DELETE', path, () => undefined, null);
  }

  /** Sends a webhook as its sender does: with no credential of ours, again until it is taken. */
  async deliver(path: string, webhook: SentWebhook, signal?: AbortSignal): Promise<Answer> {
    return await this.#untilAnswered('POST', path, () => webhook.body, null, signal, webhook.headers);
  }

  /** Reads until there is an answer. */
  async read(path: string): Promise<Answer> {
    return await this.#untilAnswered('GET', path, () => undefined, null);
  }

  /** Sends every acknowledged command once more: the same answer comes back, and nothing happens. */
  async repeatAll(): Promise<void> {
    for (const { path, key, body, answer } of this.acknowledged) {
      // A refusal is no effect: it is not kept, and may be another by now.
      if (answer.status >= 400) continue;
      const again = await this.#untilAnswered('POST', path, body, key);
      assert.deepEqual(again, answer, `${path} is answered otherwise when it is sent again`);
    }
  }

  async #untilAnswered(
    method: string,
    path: string,
    body: Body,
    key: string | null,
    signal?: AbortSignal,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#try(method, path, body(), key, tries * patienceMilliseconds, headers);
      if (answer && isFinal(answer)) return answer;
      if (answer?.status === 500) this.bareErrors.push(`${method} ${path}: ${JSON.stringify(answer.body)}`);
      await pause(50, undefined, signal ? { signal } : {});
    }
  }

  /** One try; null when nothing is known of what has come of it. */
  async #try(
    method: string,
    path: string,
    body: unknown,
    key: string | null,
    patience: number,
    headers: Record<string, string> = { authorization: this.#authorization },
  ): Promise<Answer | null> {
    const json = typeof body === 'object' && !(body instanceof FormData);
    try {
      const response = await fetch(new URL(path, this.#url), {
        method,
        signal: AbortSignal.timeout(patience),
        headers: {
          ...headers,
          ...(key === null ? {} : { 'idempotency-key': key }),
          ...(json ? { 'content-type': 'application/json' } : {}),
        },
        ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : (body as FormData | string) }),
      });
      const text = await response.text();
      const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
      return {
        status: response.status,
        body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text,
        location: response.headers.get('location') ?? '',
      };
    } catch {
      // Refused, reset, cut short, or too late: whether it has taken effect is exactly what the client can't know.
      return null;
    }
  }
}

/** Whether there is no sense in sending it again. */
function isFinal({ status, body }: Answer): boolean {
  const { code } = (body ?? {}) as { code?: string };
  return status < 500 && status !== 429 && code !== 'idempotency.in_progress';
}
