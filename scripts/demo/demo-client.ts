import { openAsBlob } from 'node:fs';

/** Calls the API as a user's program would: with a key, over HTTP. */
export class DemoClient {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.#send('GET', path)).json()) as T;
  }

  async post<T>(path: string, body: object = {}): Promise<T> {
    const headers = { 'Content-Type': 'application/json' };
    return (await (await this.#send('POST', path, JSON.stringify(body), headers)).json()) as T;
  }

  /** Makes something, unless it is there already, as it is after an earlier demo. */
  async ensure(path: string, body: object): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    await this.#send('POST', path, JSON.stringify(body), headers, 409);
  }

  async delete(path: string): Promise<void> {
    await this.#send('DELETE', path);
  }

  /** Sends a file in a form, with texts beside it. */
  async upload<T>(path: string, file: string, fields: Record<string, string>): Promise<T> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('file', await openAsBlob(file), file.split('/').at(-1));
    return (await (await this.#send('POST', path, form)).json()) as T;
  }

  async download(path: string): Promise<string> {
    return await (await this.#send('GET', path)).text();
  }

  async #send(
    method: string,
    path: string,
    body?: string | FormData,
    headers: Record<string, string> = {},
    taken?: number,
  ): Promise<Response> {
    const response = await fetch(new URL(path, this.#url), {
      method,
      headers: { ...headers, Authorization: `Bearer ${this.#key}` },
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok && response.status !== taken)
      throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response;
  }
}
