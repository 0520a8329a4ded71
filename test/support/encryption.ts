import type { Database } from '../../db/database.ts';
import { parseKeyRing, SecretBox } from '../../platform/crypto/secret-box.ts';
import { SealingPayloadCodec } from '../../platform/temporal/payload-codec.ts';
import { WorkflowTenants, type TenantSealing } from '../../platform/temporal/tenant-sealing.ts';
import { StoredTenantKeys } from '../../services/identity/tenant-keys.ts';
import { dataConverterOf } from '../../temporal.config.ts';

/** The key ring of all tests' systems, as `ENCRYPTION_KEYS` has it. Saved histories may be sealed with it. */
export const testEncryptionKeys = `test:${Buffer.alloc(32, 7).toString('base64')}`;

const ring = parseKeyRing(testEncryptionKeys);

/** Reads and writes payloads as those systems do, of what belongs to no tenant. */
export const testDataConverter = dataConverterOf(ring);
export const testCodec = new SealingPayloadCodec(ring);

/** The tenants' keys of a test's database. */
export function sealingOf(database: Database): TenantSealing {
  return { keys: new StoredTenantKeys(database, new SecretBox(ring)), workflows: new WorkflowTenants() };
}

/** Reads and writes payloads of tenants as well. */
export function codecFor(database: Database): SealingPayloadCodec {
  return new SealingPayloadCodec(ring, sealingOf(database));
}
