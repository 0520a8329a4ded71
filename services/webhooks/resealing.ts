import type { Database } from '../../db/database.ts';
import {
  lockEndpointSecrets,
  lockSourceSecrets,
  writeEndpointSecrets,
  writeSourceSecrets,
} from '../../db/webhooks/sealed-secrets.ts';
import type { Sql } from '../../db/sql.ts';
import { SecretBox, type KeyRing } from '../../platform/crypto/secret-box.ts';
import { openHeaders, openSecret, sealHeaders, sealSecret } from './endpoint-secrets.ts';
import { SourceSecrets } from './source-secrets.ts';

const rowsAtOnce = 200;

/**
 * Seals the secrets of endpoints and sources anew that are not sealed by the ring's first key, so that a former one can be
 * taken away. Gives how many endpoints and sources were. Idempotent by nature.
 */
export async function resealWebhookSecrets(database: Database, keys: KeyRing): Promise<number> {
  const box = new SecretBox(keys);
  const sources = new SourceSecrets(keys);
  return (
    (await inSlices(database, lockEndpointSecrets, async (sql, endpoint) => {
      const { id: endpointId, tenantId, secret, oldSecrets, headers } = endpoint;
      const sealed = [secret, ...oldSecrets.map((old) => old.sealed), ...(headers === null ? [] : [headers])];
      if (!sealed.some((one) => box.isStale(one))) return false;
      const owner = { tenantId, endpointId };
      const anew = (one: string): string => sealSecret(box, owner, openSecret(box, owner, one));
      await writeEndpointSecrets(sql, {
        ...endpoint,
        secret: anew(secret),
        oldSecrets: oldSecrets.map((old) => ({ ...old, sealed: anew(old.sealed) })),
        headers: headers === null ? null : sealHeaders(box, owner, openHeaders(box, owner, headers)),
      });
      return true;
    })) +
    (await inSlices(database, lockSourceSecrets, async (sql, source) => {
      const { secrets, credentials } = source;
      const opened = sources.open(source);
      const fingerprints = sources.fingerprints(opened);
      const stale =
        box.isStale(secrets) ||
        (credentials !== null && box.isStale(credentials)) ||
        fingerprints.join() !== source.fingerprints.join();
      if (!stale) return false;
      await writeSourceSecrets(sql, {
        ...source,
        secrets: sources.seal(source, opened),
        fingerprints,
        credentials:
          credentials === null
            ? null
            : sources.sealCredentials(source, sources.openCredentials(source, credentials)),
      });
      return true;
    }))
  );
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
