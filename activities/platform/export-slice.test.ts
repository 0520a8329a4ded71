import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import type { ExportedFile } from '../../db/exported-file.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { measureBody } from '../../platform/storage/measure.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { exportSlice } from './export-slice.ts';

const numbers: ExportedFile = {
  name: 'numbers',
  about: 'One to five.',
  kinds: ['organisation'],
  select: 'n as number',
  from: 'from generate_series(1, 5) n where $1::uuid is not null',
  key: [{ of: 'n', type: 'integer' }],
};

/** Keeps what is written, page by page. */
function pagesInto(pages: string[]): ObjectStorage['put'] {
  return async (_key, body, { maxBytes }) => {
    const measured = measureBody(body, maxBytes);
    for await (const page of measured.chunks) pages.push(Buffer.from(page).toString());
    return measured.result();
  };
}

describe('a slice of an export', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase({ of: ['designs'] });
  });
  after(() => db.close());

  const write = async (file: ExportedFile) => {
    const pages: string[] = [];
    const storage = { put: pagesInto(pages) };
    const slice = await exportSlice(
      { database: db.database, storage, domain: 'designs', files: [file] },
      { tenantId: uuidv7(), exportId: uuidv7(), userId: uuidv7(), kind: 'organisation', from: null },
      new AbortController().signal,
    );
    return { ...slice, pages };
  };

  it('holds no more rows in memory at a time than the file allows', async () => {
    const { parts, next, pages } = await write({ ...numbers, rowsAtOnce: 2 });
    assert.deepEqual(pages, [
      '{"number":1}\n{"number":2}\n',
      '{"number":3}\n{"number":4}\n',
      '{"number":5}\n',
    ]);
    assert.equal(parts[0]?.rows, 5);
    assert.equal(next, null);
  });

  it('writes small rows all at once', async () => {
    const { pages } = await write(numbers);
    assert.equal(pages.length, 1);
    assert.equal(pages[0]?.split('\n').length, 6);
  });
});
