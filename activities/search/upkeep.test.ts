import { MockActivityEnvironment } from '@temporalio/testing';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderStorage } from '../../platform/storage/folder.ts';
import { FileStorage } from '../../services/storage/file-storage.ts';
import { testDatabase, type TestDatabase } from '../../test/support/database.ts';
import { runFolder } from '../../test/support/run.ts';
import { createSearchUpkeepActivities } from './upkeep.activities.ts';

describe('the upkeep of files', () => {
  let test: TestDatabase;
  before(async () => {
    test = await testDatabase({ of: ['search'] });
  });
  after(() => test.close());

  it('removes what killed processes left half-written, and nothing that may still be growing', async () => {
    const root = await mkdtemp(join(await runFolder(), 'files-'));
    const folder = new FolderStorage({ root, baseUrl: 'http://127.0.0.1', secret: 's'.repeat(32) });
    const unfinished = join(root, '~unfinished');
    await mkdir(unfinished);
    for (const name of ['left', 'growing']) await writeFile(join(unfinished, name), 'half');
    const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400;
    await utimes(join(unfinished, 'left'), twoDaysAgo, twoDaysAgo);
    const storage = new FileStorage(folder, test.database);
    const upkeep = createSearchUpkeepActivities({ database: test.database, storage });
    assert.deepEqual(await new MockActivityEnvironment().run(() => upkeep.sweepUploads()), { removed: 1 });
    assert.deepEqual(await readdir(unfinished), ['growing']);
  });
});
