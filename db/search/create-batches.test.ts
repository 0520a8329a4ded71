import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { mappingSchema } from '../../domain/search/mapping.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { BatchRepository } from './batch.repository.ts';
import { createBatches, type BatchToCreate } from './create-batches.ts';
import { readInlineFile } from './inline-files.ts';

describe('batches that are accepted at the same time', () => {
  let test: TestDatabase;
  before(async () => {
    test = await testDatabase({ of: ['search'] });
  });
  after(() => test.close());

  function batchOf(tenantId: string, changes: Partial<BatchToCreate['batch']> = {}): BatchToCreate {
    const id = uuidv7();
    const key = `inline/${tenantId}/${id}`;
    return {
      batch: {
        id,
        tenantId,
        name: `Käufer "${id}" \\ {}`,
        kind: 'phone',
        file: { key, name: 'small.csv', bytes: id.length, sha256: '00' },
        mapping: mappingSchema.parse({ phones: ['phone'] }),
        options: { minScore: 0.5, requiredFields: [], rowBudget: null, recordSetIds: null, useCache: true },
        priority: 3,
        concurrency: 4,
        currency: null,
        budgetMicros: null,
        webhook: null,
        traceId: null,
        createdBy: uuidv7(),
        ...changes,
      },
      content: { key, contentType: 'text/csv', content: Buffer.from(id) },
      traceparent: `00-${id.replaceAll('-', '')}-0123456789abcdef-01`,
    };
  }

  it('are each there with what belongs to it, and with nothing of another', async () => {
    const [one, other] = [uuidv7(), uuidv7()];
    await test.database.read('search', ({ sql }) =>
      sql(`insert into search.settings (tenant_id, currency) values ($1, 'EUR')`, [other]),
    );
    const webhook = {
      url: 'https://example.com/hook',
      keyId: 'k1',
      state: 'pending',
      attempts: 0,
      lastError: null,
      deliveredAt: null,
    } as const;
    const given = [
      batchOf(one),
      batchOf(other, { webhook, budgetMicros: 9_007_199_254_740_993n, priority: 5 }),
      { ...batchOf(one), content: null },
    ];
    const created = await createBatches(test.database.alone('search'), given);
    assert.deepEqual(
      created.map(({ id, currency }) => [id, currency]),
      given.map(({ batch }) => [batch.id, batch.tenantId === other ? 'EUR' : 'USD']),
    );
    for (const [place, { batch, content, traceparent }] of given.entries()) {
      await test.database.read('search', async ({ sql }) => {
        const batches = new BatchRepository(sql);
        const stored = await batches.get(batch.tenantId, batch.id);
        const { readAt: _, rate: __, ...shown } = created[place] ?? assert.fail();
        assert.deepEqual({ ...stored, ...shown }, stored);
        assert.deepEqual(
          [stored.name, stored.budgetMicros, stored.webhook],
          [batch.name, batch.budgetMicros, batch.webhook],
        );
        const history = await batches.events(batch.id, 0);
        assert.deepEqual(
          history.map(({ revision, type, data }) => ({ revision, type, data })),
          [{ revision: 1, type: 'submitted', data: { priority: batch.priority } }],
        );
        const events = await sql(
          `select tenant_id as "tenantId", traceparent, data from search.outbox where subject = $1`,
          [`batch:${batch.id}`],
        );
        const data = { priority: batch.priority, run: 0, revision: 1 };
        assert.deepEqual(events, [{ tenantId: batch.tenantId, traceparent, data }]);
        const file = await readInlineFile(sql, batch.file.key);
        assert.deepEqual(file, content?.content ?? null);
      });
    }
  });
});
