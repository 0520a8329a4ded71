import type { Caller } from './accounts.ts';
import type { Contract } from './contract.ts';
import type { Json } from './json.ts';

export interface ApiResponse {
  status: number;
  headers: Headers;
  /** JSON, parsed; text for any other media type; undefined for none. Loose, as tests look into it. */
  body: Json;
}

export interface CallOptions {
  headers?: Record<string, string>;
  query?: Record<string, string | number | boolean>;
  /** Of a stream of events, which may never end, its beginning does. */
  begin?: true;
  /** Gives up waiting. */
  signal?: AbortSignal;
}

/** Calls the API as one caller. Every answer is checked against the OpenAPI document. */
export class ApiClient {
  readonly #url: string;
  readonly #contract: Contract;
  readonly #authorization: string | null;

  constructor(url: string, contract: Contract, authorization: string | null) {
    this.#url = url;
    this.#contract = contract;
    this.#authorization = authorization;
  }

  /** The same API as another caller; null for nobody. */
  as(caller: Pick<Caller, 'authorization'> | null): ApiClient {
    return new ApiClient(this.#url, this.#contract, caller?.authorization ?? null);
  }

  async get(path: string, options: CallOptions = {}): Promise<ApiResponse> {
    return await this.send('get', path, undefined, options);
  }

  async post(path: string, body?: unknown, options: CallOptions = {}): Promise<ApiResponse> {
    return await this.send('post', path, body, options);
  }

  async put(path: string, body?: unknown, options: CallOptions = {}): Promise<ApiResponse> {
    return await this.send('put', path, body, options);
  }

  async patch(path: string, body?: unknown, options: CallOptions = {}): Promise<ApiResponse> {
    return await this.send('patch', path, body, options);
  }

  async delete(path: string, options: CallOptions = {}): Promise<ApiResponse> {
    return await this.send('delete', path, undefined, options);
  }

  /** A `FormData`, a `Blob`, a string or bytes go as they are; anything else as JSON. */
  async send(method: string, path: string, body: unknown, options: CallOptions = {}): Promise<ApiResponse> {
    const url = new URL(path, this.#url);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      url.searchParams.set(name, String(value));
    }
    const asIs =
      body instanceof FormData ||
      body instanceof Blob ||
      body instanceof Uint8Array ||
      typeof body === 'string';
    const json = body !== undefined && !asIs;
    const response = await fetch(url, {
      method: method.toUpperCase(),
      redirect: 'manual',
      ...(options.signal ? { signal: options.signal } : {}),
      headers: {
        ...(this.#authorization ? { authorization: this.#authorization } : {}),
        ...(json ? { 'content-type': 'application/json' } : {}),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : (body as string) }),
    });
    const mediaType = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const endless = options.begin && mediaType === 'text/event-stream';
    const text = endless ? await beginningOf(response) : await response.text();
    const parsed =
      text === '' ? undefined : /[/+]json$/.test(mediaType) ? (JSON.parse(text) as unknown) : text;
    this.#contract.check(method, url.pathname, response.status, mediaType, parsed);
    return { status: response.status, headers: response.headers, body: parsed };
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  await reader?.cancel();
  return new TextDecoder().decode(value);
}
