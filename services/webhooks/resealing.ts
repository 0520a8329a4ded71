import type { Database } from '../../db/database.ts';
import {
  lockEndpointSecrets,
  lockSourceSecrets,
  writeEndpointSecrets,
  writeSourceSecrets,
  type SealedEndpoint,
  type SealedSource,
} from '../../db/webhooks/sealed-secrets.ts';
import type { Sql } from '../../db/sql.ts';
import { ifOpens, SecretBox, type KeyRing } from '../../platform/crypto/secret-box.ts';
import type { Logger } from '../../platform/log.ts';
import { openHeaders, openSecret, sealHeaders, sealSecret } from './endpoint-secrets.ts';
import { SourceSecrets, type SourceSecret } from './source-secrets.ts';

const rowsAtOnce = 200;

/**
 * Seals the secrets of endpoints and sources anew that are not sealed by the ring's first key, so that a former one can be
 * taken away. What can't be opened any more is told to the log and left as it is. Gives how many endpoints and sources were
 * sealed. Idempotent by nature.
 */
export async function resealWebhookSecrets(database: Database, keys: KeyRing, log: Logger): Promise<number> {
  const box = new SecretBox(keys);
  const sources = new SourceSecrets(keys);
  const unreadable = (ids: Record<string, string>) =>
    log.error(ids, 'secrets cannot be opened, as their key is not in the ring');
  const endpoints = await inSlices(database, lockEndpointSecrets, async (sql, endpoint) => {
    if (!isStaleEndpoint(box, endpoint)) return false;
    const sealed = ifOpens(() => resealEndpoint(box, endpoint));
    if (sealed) await writeEndpointSecrets(sql, sealed);
    else unreadable({ endpoint_id: endpoint.id, tenant_id: endpoint.tenantId });
    return sealed !== null;
  });
  const others = await inSlices(database, lockSourceSecrets, async (sql, source) => {
    const opened = ifOpens(() => sources.open(source));
    const sealed = opened && ifOpens(() => resealSource(box, sources, source, opened));
    if (!opened || !sealed) {
      unreadable({ source_id: source.id, tenant_id: source.tenantId });
      return false;
    }
    if (sealed === source) return false;
    await writeSourceSecrets(sql, sealed);
    return true;
  });
  return endpoints + others;
}

function isStaleEndpoint(box: SecretBox, { secret, oldSecrets, headers }: SealedEndpoint): boolean {
  const sealed = [secret, ...oldSecrets.map((old) => old.sealed), ...(headers === null ? [] : [headers])];
  return sealed.some((one) => box.isStale(one));
}

/** @throws SecretBoxError */
function resealEndpoint(box: SecretBox, endpoint: SealedEndpoint): SealedEndpoint {
  const { id: endpointId, tenantId, secret, oldSecrets, headers } = endpoint;
  const owner = { tenantId, endpointId };
  const anew = (one: string): string => sealSecret(box, owner, openSecret(box, owner, one));
  return {
    ...endpoint,
    secret: anew(secret),
    oldSecrets: oldSecrets.map((old) => ({ ...old, sealed: anew(old.sealed) })),
    headers: headers === null ? null : sealHeaders(box, owner, openHeaders(box, owner, headers)),
  };
}

/** The same source where nothing of it is stale. @throws SecretBoxError */
function resealSource(
  box: SecretBox,
  sources: SourceSecrets,
  source: SealedSource,
  opened: readonly SourceSecret[],
): SealedSource {
  const { secrets, credentials } = source;
  const fingerprints = sources.fingerprints(opened);
  const isStale =
    box.isStale(secrets) ||
    (credentials !== null && box.isStale(credentials)) ||
    fingerprints.join() !== source.fingerprints.join();
  if (!isStale) return source;
  return {
    ...source,
    secrets: sources.seal(source, opened),
    fingerprints,
    credentials:
      credentials === null
        ? null
        : sources.sealCredentials(source, sources.openCredentials(source, credentials)),
  };
}

/** Goes through all rows, some in a transaction. Gives how many were changed. */
async function inSlices<R extends { id: string }>(
  database: Database,
  lock: (sql: Sql, after: string | null, limit: number) => Promise<R[]>,
  change: (sql: Sql, row: R) => Promise<boolean>,
): Promise<number> {
  let changed = 0;
  let after: string | null = null;
  for (;;) {
    const last: string | null = after;
    const rows = await database.transaction('webhooks', async ({ sql }) => {
      const some = await lock(sql, last, rowsAtOnce);
      for (const row of some) if (await change(sql, row)) changed += 1;
      return some;
    });
    after = rows.at(-1)?.id ?? null;
    if (after === null) return changed;
  }
}
