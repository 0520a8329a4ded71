import type { NormalisedQuery } from '../query.ts';
import type { HttpProviderConfig } from './config.ts';
import { fill, fillJson, fillUrl, namesIn, splitPath } from './template.ts';
import { variablesOf, type CallFacts, type Variables } from './variables.ts';

export interface ProviderRequest {
  method: 'GET' | 'POST' | 'PUT';
  url: string;
  headers: Record<string, string>;
  body: string | null;
}

/** Values by their names without "secret.". */
export type Secrets = Readonly<Record<string, string>>;

/** Why a provider isn't asked a question, or null if it is. */
export function reasonNotToAsk(config: HttpProviderConfig, query: NormalisedQuery): string | null {
  if (!config.kinds.includes(query.kind)) return `does not answer searches by ${query.kind}`;
  const values = variablesOf(query, { limit: 1, effectKey: query.key });
  const [, path] = splitPath(config.request.url.replace(/\?.*$/s, ''));
  const needed = [...config.requires, ...namesIn(path).filter((name) => !name.startsWith('secret.'))];
  const missing = needed.filter((name) => !values.has(name));
  return missing.length === 0 ? null : `needs ${missing.join(', ')}`;
}

/** The request that asks a provider a question. @throws UnsafeValue, see `fillUrl` */
export function buildRequest(
  config: HttpProviderConfig,
  query: NormalisedQuery,
  secrets: Secrets,
  call: CallFacts,
): ProviderRequest {
  const { request } = config;
  const values = new Map(variablesOf(query, call));
  for (const [name, value] of Object.entries(secrets)) values.set(`secret.${name}`, value);
  const body = bodyOf(request, values);
  const headers = Object.entries(request.headers).flatMap(([name, text]): [string, string][] => {
    const value = fill(text, values);
    return value === null ? [] : [[name.toLowerCase(), value]];
  });
  return {
    method: request.method,
    url: fillUrl(request.url, values),
    headers: {
      accept: 'application/json',
      ...(body === null ? {} : { 'content-type': body.type }),
      ...basicAuth(request.basic_auth, values),
      ...Object.fromEntries(headers),
    },
    body: body?.text ?? null,
  };
}

function bodyOf(
  request: HttpProviderConfig['request'],
  values: Variables,
): { type: string; text: string } | null {
  if (request.json !== undefined) {
    return { type: 'application/json', text: JSON.stringify(fillJson(request.json, values) ?? null) };
  }
  if (request.form === undefined) return null;
  const pairs = Object.entries(request.form).flatMap(([name, text]): [string, string][] => {
    const value = fill(text, values);
    return value === null ? [] : [[name, value]];
  });
  return { type: 'application/x-www-form-urlencoded', text: new URLSearchParams(pairs).toString() };
}

function basicAuth(
  auth: HttpProviderConfig['request']['basic_auth'],
  values: Variables,
): Record<string, string> {
  if (auth === undefined) return {};
  const pair = `${fill(auth.username, values) ?? ''}:${fill(auth.password, values) ?? ''}`;
  return { authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
}
