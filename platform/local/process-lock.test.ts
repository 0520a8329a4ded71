import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockHeld, lockHolder, takeLock } from './process-lock.ts';

describe('a process lock', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-lock-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is held until it is released, and leaves no file', async () => {
    const path = join(folder, 'a.lock');
    const lock = await takeLock(path);
    await assert.rejects(takeLock(path), LockHeld);
    assert.equal((await lockHolder(path))?.pid, process.pid);
    await lock.release();
    assert.equal(await lockHolder(path), null);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is taken over from a process that is gone', async () => {
    const path = join(folder, 'a.lock');
    await writeFile(path, JSON.stringify({ pid: 4_194_300, started: 'long ago' }));
    const lock = await takeLock(path);
    assert.equal((await lockHolder(path))?.pid, process.pid);
    await lock.release();
  });

  it('is taken over when the number of its holder belongs to another process now', async () => {
    const path = join(folder, 'a.lock');
    await writeFile(path, JSON.stringify({ pid: process.pid, started: 'another start' }));
    await (await takeLock(path)).release();
  });

  it('goes to exactly one of many who find it stale at once', async () => {
    const path = join(folder, 'a.lock');
    await writeFile(path, JSON.stringify({ pid: 4_194_300, started: 'long ago' }));
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(path)));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((JSON.parse(await readFile(path, 'utf8')) as { pid: number }).pid, process.pid);
    assert.deepEqual(await readdir(folder), ['a.lock']);
  });

  it('does not take away a lock that somebody else has taken since', async () => {
    const path = join(folder, 'a.lock');
    const lock = await takeLock(path);
    await writeFile(path, 'another holder');
    await lock.release();
    assert.equal(await readFile(path, 'utf8'), 'another holder');
  });
});
