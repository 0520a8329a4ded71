import { Agent, request } from 'undici';

/** A batch as `GET /v1/batches/{id}` shows it, as far as the benchmark looks. */
export interface BatchState {
  id: string;
  state: string;
  problem: unknown;
  progress: { rows: number | null; ingested: number; pending: number };
}

/** A caller of the API with connections that are kept. */
export class ApiClient {
  readonly url: string;
  readonly headers: { authorization: string };
  readonly #agent = new Agent({ connections: 64, keepAliveTimeout: 60_000 });

  constructor(url: string, apiKey: string) {
    this.url = url;
    this.headers = { authorization: `Bearer ${apiKey}` };
  }

  async get<T>(path: string): Promise<T> {
    return await this.#send<T>('GET', path);
  }

  async post<T>(path: string, body: object): Promise<T> {
    return await this.#send<T>('POST', path, JSON.stringify(body), 'application/json');
  }

  /** Sends a table in a form. */
  async upload<T>(path: string, table: string, fields: Record<string, string>): Promise<T> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('file', new Blob([table]), 'bench.csv');
    const response = await fetch(`${this.url}${path}`, { method: 'POST', headers: this.headers, body: form });
    if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #send<T>(method: 'GET' | 'POST', path: string, body?: string, type?: string): Promise<T> {
    const response = await request(`${this.url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: { ...this.headers, ...(type ? { 'content-type': type } : {}) },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.body.text();
    if (response.statusCode >= 400)
      throw new Error(`${method} ${path} answered ${response.statusCode}: ${text}`);
    return JSON.parse(text) as T;
  }
}
