import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { ErasedAddresses } from '../../domain/notifications/erased-address.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { eraseAddress } from './person-erasure.ts';
import { addressIdOf, suppress, suppressionsOfAddress } from './suppressions.ts';

describe('addresses of mails', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['notifications'] });
  });
  after(() => db?.close());

  const keys = new Map([['a', randomBytes(32)]]);
  const erased = new ErasedAddresses({ current: 'a', keys });
  const email = 'Ada@Example.com';

  const known = (tenantId: string, address = email): Promise<string> =>
    db.database.transaction('notifications', ({ sql }) =>
      addressIdOf(sql, tenantId, erased.spellingsOf(tenantId, address), null),
    );
  const complain = (tenantId: string, addressId: string, category: 'orders' | null): Promise<unknown> =>
    db.database.transaction('notifications', (transaction) =>
      suppress(transaction, {
        tenantId,
        addressId,
        category,
        reason: 'complaint',
        detail: 'Ada rang',
        createdBy: null,
      }),
    );
  /** @param hours since the person was to be forgotten; below 0 nothing was sent there since */
  const erase = (tenantId: string, id: string, hours: number): Promise<boolean> =>
    db.database.transaction('notifications', ({ sql }) => {
      const since = new Date(Date.now() - hours * 3_600_000).toISOString();
      return eraseAddress(sql, id, since, (address) => erased.inPlaceOf(tenantId, address));
    });
  const kept = (tenantId: string): Promise<{ id: string; address: string; detail: string | null }[]> =>
    db.database.read('notifications', ({ sql }) =>
      sql(
        `select a.id, a.address, s.detail from notifications.addresses a
           left join notifications.suppressions s on s.address_id = a.id where a.tenant_id = $1 order by s.category`,
        [tenantId],
      ),
    );

  it('are deleted with their person when nothing is sent there any more', async () => {
    const tenantId = uuidv7();
    const id = await known(tenantId);
    assert.deepEqual([await erase(tenantId, id, -1), await erase(tenantId, id, -1)], [true, false]);
    assert.deepEqual(await kept(tenantId), []);
  });

  it('are known again when mails still go there, or when they get none', async () => {
    for (const [listed, hours] of [
      [true, -1],
      [false, 1],
    ] as const) {
      const tenantId = uuidv7();
      const id = await known(tenantId);
      if (listed) await complain(tenantId, id, null);
      assert.deepEqual([await erase(tenantId, id, hours), await erase(tenantId, id, hours)], [true, false]);
      const left = [{ id, address: erased.inPlaceOf(tenantId, email), detail: null }];
      assert.deepEqual(await kept(tenantId), left);
      assert.equal(await known(tenantId, 'ADA@example.com'), id);
      assert.notEqual(await known(tenantId, 'bob@example.com'), id);
      assert.notEqual(await known(uuidv7()), id);
    }
  });

  it('have the entries of both when one that was forgotten was noted anew', async () => {
    const tenantId = uuidv7();
    const forgotten = await known(tenantId);
    await complain(tenantId, forgotten, null);
    await erase(tenantId, forgotten, -1);
    const anew = uuidv7();
    await db.database.transaction('notifications', ({ sql }) =>
      sql('insert into notifications.addresses (id, tenant_id, address) values ($1, $2, $3)', [
        anew,
        tenantId,
        email.toLowerCase(),
      ]),
    );
    await complain(tenantId, anew, null);
    await complain(tenantId, anew, 'orders');
    assert.equal(await erase(tenantId, anew, -1), true);
    const rows = await kept(tenantId);
    assert.deepEqual(
      rows.map(({ id, detail }) => [id, detail]),
      [
        [forgotten, null],
        [forgotten, null],
      ],
    );
    const entries = await db.database.read('notifications', ({ sql }) =>
      suppressionsOfAddress(sql, forgotten),
    );
    assert.deepEqual(new Set(entries.map(({ category }) => category)), new Set([null, 'orders']));
    assert.equal(entries.length, 2);
  });
});
