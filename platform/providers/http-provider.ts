import { Failure } from '../../domain/failure.ts';
import { readAnswer } from '../../domain/search/http-provider/answer.ts';
import { secretNamesOf } from '../../domain/search/http-provider/check-templates.ts';
import type { HttpProviderConfig } from '../../domain/search/http-provider/config.ts';
import { redact } from '../../domain/search/http-provider/redact.ts';
import {
  buildRequest,
  reasonNotToAsk,
  type ProviderRequest,
  type Secrets,
} from '../../domain/search/http-provider/request.ts';
import { splitPath, UnsafeValue } from '../../domain/search/http-provider/template.ts';
import type { ProviderAnswer, ProviderOptions, SearchProvider } from '../../domain/search/provider.ts';
import type { NormalisedQuery } from '../../domain/search/query.ts';
import type { OutboundClient } from '../http/outbound.ts';

export interface HttpProviderParts {
  config: HttpProviderConfig;
  /** Opened secrets by name. They live in this object only, and never in an answer. */
  secrets: Secrets;
  client: OutboundClient;
}

/** Any vendor's JSON API, by configuration. */
export class HttpProvider implements SearchProvider {
  readonly kind = 'http';
  readonly #config: HttpProviderConfig;
  readonly #secrets: Secrets;
  readonly #client: OutboundClient;
  readonly #hosts: string[];

  /** @throws Failure `search.provider_invalid` if a secret that the configuration names is not there */
  constructor({ config, secrets, client }: HttpProviderParts) {
    const missing = secretNamesOf(config.request).filter((name) => !Object.hasOwn(secrets, name));
    if (missing.length > 0) {
      throw new Failure('search.provider_invalid', `The provider needs the secrets: ${missing.join(', ')}.`, {
        issues: missing.map((name) => ({ pointer: `/secrets/${name}`, message: 'This secret is not set.' })),
      });
    }
    this.#config = config;
    this.#secrets = secrets;
    this.#client = client;
    const [origin] = splitPath(config.request.url);
    this.#hosts = [origin, ...config.request.redirect_hosts];
  }

  declines(query: NormalisedQuery): string | null {
    return reasonNotToAsk(this.#config, query);
  }

  async search(query: NormalisedQuery, options: ProviderOptions): Promise<ProviderAnswer> {
    const request = this.#requestFor(query, options);
    if (request === null) return failed('a value of the query cannot be put into the URL');
    const { timeout_ms: timeoutMs, max_response_bytes: maxResponseBytes } = this.#config.request;
    const result = await this.#client.send({
      method: request.method,
      url: request.url,
      headers: request.headers,
      ...(request.body === null ? {} : { body: request.body }),
      hosts: this.#hosts,
      signal: options.signal,
      timeoutMs,
      maxResponseBytes,
    });
    // The code alone: even the host of a redirect is the vendor's to choose.
    if (!result.ok) return failed(result.code);
    const response = { status: result.status, headers: result.headers, text: result.body.toString('utf8') };
    const { limit, minScore } = options;
    const answer = readAnswer(this.#config, response, { limit, minScore, now: new Date() });
    const credentials = request.headers['authorization']?.replace(/^\w+ /, '') ?? '';
    return redact(answer, [...Object.values(this.#secrets), credentials]);
  }

  #requestFor(
    query: NormalisedQuery,
    { limit, effectKey = query.key }: ProviderOptions,
  ): ProviderRequest | null {
    try {
      return buildRequest(this.#config, query, this.#secrets, { limit, effectKey });
    } catch (error) {
      if (error instanceof UnsafeValue) return null;
      throw error;
    }
  }
}

function failed(reason: string): ProviderAnswer {
  return { outcome: 'error', people: [], validated: false, reason };
}
