import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { destroyTenantKeys } from '../../db/identity/tenant-keys.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { parseKeyRing, SecretBox } from '../../platform/crypto/secret-box.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { resealTenantKeys, StoredTenantKeys } from './tenant-keys.ts';

const older = `older:${Buffer.alloc(32, 1).toString('base64')}`;
const newer = `newer:${Buffer.alloc(32, 2).toString('base64')}`;
const boxOf = (...keys: string[]) => new SecretBox(parseKeyRing(keys.join(',')));
const code = (expected: string) => (error: unknown) => error instanceof Failure && error.code === expected;

describe('the keys of tenants', () => {
  let db: TestDatabase;
  let now = Date.now();
  before(async () => {
    db = await testDatabase({ of: ['identity'] });
  });
  after(() => db?.close());

  const keysOf = (...ring: string[]) => new StoredTenantKeys(db.database, boxOf(...ring), () => now);
  const destroy = (tenantId: string) =>
    db.database.transaction('identity', ({ sql }) => destroyTenantKeys(sql, tenantId));

  it('are made once, whichever processes need one first, and differ', async () => {
    const tenantId = uuidv7();
    const found = await Promise.all([1, 2, 3, 4, 5].map(() => keysOf(older).current(tenantId)));
    for (const one of found) assert.deepEqual(one, found[0]);
    assert.deepEqual(await keysOf(older).find(tenantId, 1), found[0]);
    assert.notDeepEqual((await keysOf(older).current(uuidv7())).key, found[0]?.key);
  });

  it('are nowhere in the database as they are', async () => {
    const tenantId = uuidv7();
    const { key } = await keysOf(older).current(tenantId);
    const rows = await db.database.read('identity', ({ sql }) => sql('select * from identity.tenant_keys'));
    const stored = JSON.stringify(rows);
    for (const form of ['hex', 'base64', 'base64url'] as const)
      assert.equal(stored.includes(key.toString(form)), false);
  });

  it('are gone from every process within a minute of their end, and none is made again', async () => {
    const tenantId = uuidv7();
    const keys = keysOf(older);
    await keys.current(tenantId);
    await keys.find(tenantId, 1);
    await destroy(tenantId);
    await assert.rejects(keysOf(older).current(tenantId), code('codec.tenant_erased'));
    now += 60_001;
    await assert.rejects(keys.current(tenantId), code('codec.tenant_erased'));
    await assert.rejects(keys.find(tenantId, 1), code('codec.tenant_erased'));
    await destroy(tenantId);
    await assert.rejects(keys.current(tenantId), code('codec.tenant_erased'));
    const never = uuidv7();
    await destroy(never);
    await assert.rejects(keys.current(never), code('codec.tenant_erased'));
  });

  it('do from memory while the database is away', async () => {
    const tenantId = uuidv7();
    const own = await testDatabase({ of: ['identity'] });
    const keys = new StoredTenantKeys(own.database, boxOf(older), () => now);
    const before = await keys.current(tenantId);
    const read = own.database.read.bind(own.database);
    own.database.read = () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }));
    now += 60_001;
    assert.deepEqual(await keys.current(tenantId), before);
    await assert.rejects(keys.current(uuidv7()), /away/);
    own.database.read = read;
    await own.database.transaction('identity', ({ sql }) => destroyTenantKeys(sql, tenantId));
    now += 5_001;
    await assert.rejects(keys.current(tenantId), code('codec.tenant_erased'));
    await own.close();
  });

  it('are sealed anew by a new first key of the ring, and then need the old one no more', async () => {
    const tenantId = uuidv7();
    const made = await keysOf(older).current(tenantId);
    assert.ok((await resealTenantKeys(db.database, boxOf(newer, older))) > 0);
    assert.equal(await resealTenantKeys(db.database, boxOf(newer, older)), 0);
    assert.deepEqual(await keysOf(newer).find(tenantId, 1), made);
  });

  it('that nobody has are told apart from destroyed ones', async () => {
    await assert.rejects(keysOf(older).find(uuidv7(), 1), code('codec.key_unknown'));
    await assert.rejects(keysOf(older).find('nobody', 1), code('codec.key_unknown'));
  });
});
