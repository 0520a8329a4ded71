import { createHash } from 'node:crypto';
import type { LocalSimulator } from '../platform/local/simulators.ts';

interface Source {
  kind: string;
  name: string;
}

/**
 * Makes the sources that the simulated vendors' webhooks are verified by, in the development organisation, unless they are
 * there. It is done as a user does it: by the API.
 */
export async function joinSimulators(
  { apiUrl, apiKey }: { apiUrl: string; apiKey: string },
  simulators: readonly Pick<LocalSimulator, 'kind' | 'vendor' | 'receiver'>[],
): Promise<void> {
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(new URL(path, apiUrl), {
      method,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${apiKey}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const known: Source[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: Source[]; next_cursor: string | null } = await call(
      'GET',
      `/v1/webhook-sources?limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    known.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  for (const { kind, vendor, receiver } of simulators) {
    // Another folder on the same database has another secret, and so a source of its own.
    const hint = createHash('sha256').update(receiver.secret).digest('hex').slice(0, 8);
    const name = `${vendor}, simulated (${hint})`;
    if (known.some((source) => source.kind === kind && source.name === name)) continue;
    await call('POST', '/v1/webhook-sources', { kind, name, secret: receiver.secret });
  }
}
