import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../domain/failure.ts';
import { mountSmallDisk } from '../../test/support/small-disk.ts';
import { findSeaweedfs, startSeaweedfs } from '../../test/support/seaweedfs.ts';
import { attachmentDisposition } from './content-disposition.ts';
import { FolderStorage } from './folder.ts';
import type { ObjectStorage } from './object-storage.ts';
import { S3Storage } from './s3.ts';
import { verifyObjectUrl } from './signed-url.ts';

const secret = 'a-secret-for-tests-of-32-characters!';
const csv = { contentType: 'text/csv', maxBytes: 1_000_000 };
const MiB = 1024 * 1024;

interface Opened {
  storage: ObjectStorage;
  close: () => Promise<void>;
}

/** The folder with the part of the API that serves its links, in its smallest form. */
async function openFolder(): Promise<Opened & { root: string }> {
  const root = await mkdtemp(join(tmpdir(), 'perdure-objects-'));
  let port = 0;
  const storage = new FolderStorage({ root, secret, baseUrl: () => `http://127.0.0.1:${port}` });
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const grant = verifyObjectUrl(secret, request.method ?? '', request.url ?? '');
      if (grant.method === 'PUT') {
        if (request.headers['content-type'] !== grant.contentType)
          throw new Failure('storage.link_invalid', 'type');
        await storage.put(grant.key, request, grant);
        response.end();
      } else {
        response.setHeader('content-disposition', attachmentDisposition(grant.filename));
        await pipeline(await storage.get(grant.key), response);
      }
    };
    answer().catch((error: unknown) => {
      response.statusCode = error instanceof Failure ? 403 : 500;
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  return {
    root,
    storage,
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function openS3(): Promise<Opened | undefined> {
  const program = await findSeaweedfs();
  if (program === undefined) return undefined;
  const server = await startSeaweedfs(program);
  const storage = new S3Storage(server.options);
  return {
    storage,
    close: async () => {
      storage.close();
      await server.stop();
    },
  };
}

async function keysOf(storage: ObjectStorage, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list(prefix)) keys.push(key);
  return keys.sort();
}

function describeContract(name: string, open: () => Promise<Opened | undefined>): void {
  describe(`Object storage: ${name}`, function () {
    this.timeout(180_000);
    let opened: Opened | undefined;
    let storage: ObjectStorage;

    before(async function () {
      opened = await open();
      if (opened === undefined) return this.skip();
      storage = opened.storage;
    });
    after(() => opened?.close());

    it('gives back what was put, with its length, hash and media type', async () => {
      const body = randomBytes(100_000);
      const stored = await storage.put('t1/a/people.csv', body, csv);
      assert.deepEqual(stored, { bytes: 100_000, sha256: createHash('sha256').update(body).digest('hex') });
      assert.deepEqual(await buffer(await storage.get('t1/a/people.csv')), body);
      const head = await storage.head('t1/a/people.csv');
      assert.equal(head?.bytes, 100_000);
      assert.equal(head?.contentType, 'text/csv');
      assert.ok(Math.abs((head?.modifiedAt.getTime() ?? 0) - Date.now()) < 60_000);
    });

    it('stores a stream of unknown length in parts', async () => {
      const part = randomBytes(MiB);
      const hash = createHash('sha256');
      async function* chunks(): AsyncIterable<Uint8Array> {
        for (let i = 0; i < 40; i += 1) {
          hash.update(part);
          yield await Promise.resolve(part);
        }
      }
      const stored = await storage.put('t1/big', chunks(), { ...csv, maxBytes: 40 * MiB });
      assert.deepEqual(stored, { bytes: 40 * MiB, sha256: hash.digest('hex') });
      const back = createHash('sha256');
      for await (const chunk of await storage.get('t1/big')) back.update(chunk as Buffer);
      assert.equal(back.digest('hex'), stored.sha256);
    });

    it('stores an empty object', async () => {
      assert.equal((await storage.put('t1/empty', Readable.from([]), csv)).bytes, 0);
      assert.equal(await text(await storage.get('t1/empty')), '');
    });

    it('reads a range, both ends included', async () => {
      await storage.put('t1/range', Buffer.from('0123456789'), csv);
      assert.equal(await text(await storage.get('t1/range', { range: { start: 2, end: 4 } })), '234');
      assert.equal(await text(await storage.get('t1/range', { range: { start: 7 } })), '789');
    });

    it('replaces an object whole', async () => {
      await storage.put('t1/same', Buffer.from('a much longer first version'), csv);
      await storage.put('t1/same', Buffer.from('second'), { ...csv, contentType: 'text/plain' });
      assert.equal(await text(await storage.get('t1/same')), 'second');
      assert.equal((await storage.head('t1/same'))?.contentType, 'text/plain');
    });

    it('leaves nothing of a put that fails, and the former object as it was', async () => {
      await storage.put('t1/kept', Buffer.from('former'), csv);
      async function* broken(): AsyncIterable<Uint8Array> {
        for (let i = 0; i < 20; i += 1) yield await Promise.resolve(Buffer.alloc(MiB));
        throw new Error('the source broke');
      }
      const limits = { ...csv, maxBytes: 100 * MiB };
      await assert.rejects(storage.put('t1/kept', broken(), limits), /the source broke/);
      await assert.rejects(storage.put('t1/none', broken(), limits), /the source broke/);
      await assert.rejects(storage.put('t1/none', Buffer.alloc(11), { ...csv, maxBytes: 10 }), {
        code: 'storage.object_too_large',
      });
      await assert.rejects(storage.put('t1/none', broken(), { ...csv, maxBytes: 18 * MiB }), {
        code: 'storage.object_too_large',
      });
      assert.equal(await text(await storage.get('t1/kept')), 'former');
      assert.equal(await storage.head('t1/none'), undefined);
      assert.deepEqual(await keysOf(storage, 't1/none'), []);
    });

    it('stops a put when it is aborted', async () => {
      const stopper = new AbortController();
      async function* endless(): AsyncIterable<Uint8Array> {
        for (let i = 0; ; i += 1) {
          if (i === 20) stopper.abort();
          yield await Promise.resolve(Buffer.alloc(MiB));
        }
      }
      const options = { ...csv, maxBytes: 1000 * MiB, signal: stopper.signal };
      await assert.rejects(storage.put('t1/aborted', endless(), options), { name: 'AbortError' });
      assert.equal(await storage.head('t1/aborted'), undefined);
    });

    it('ends a get whose caller has gone away, before and after anybody reads', async () => {
      await storage.put('t1/left/big', randomBytes(1 * MiB), { ...csv, maxBytes: MiB });
      await assert.rejects(storage.get('t1/left/big', { signal: AbortSignal.abort() }), {
        name: 'AbortError',
      });
      const leaving = new AbortController();
      const content = await storage.get('t1/left/big', { signal: leaving.signal });
      leaving.abort();
      // Nobody listens yet. Its end must be no uncaught error of the process, and yet be told to whoever reads it.
      await new Promise((resolve) => setImmediate(resolve));
      await assert.rejects(content.toArray());
    });

    it('says that an object is not there', async () => {
      await assert.rejects(storage.get('t1/nothing'), { code: 'storage.object_not_found' });
      assert.equal(await storage.head('t1/nothing'), undefined);
      await storage.delete('t1/nothing');
    });

    it('lists by prefix, and removes one object or a prefix', async () => {
      for (const key of ['t2/b/1', 't2/a', 't2/b-2', 't2/b/2', 't2/b0', 't21/x']) {
        await storage.put(key, Buffer.from(key), csv);
      }
      assert.deepEqual(await keysOf(storage, 't2/'), ['t2/a', 't2/b-2', 't2/b/1', 't2/b/2', 't2/b0']);
      assert.deepEqual(await keysOf(storage, 't2/b/'), ['t2/b/1', 't2/b/2']);
      await storage.delete('t2/a');
      assert.equal(await storage.head('t2/a'), undefined);
      assert.equal(await storage.deletePrefix('t2/b/'), 2);
      assert.equal(await storage.deletePrefix('t2/'), 2);
      assert.deepEqual(await keysOf(storage, 't2'), ['t21/x']);
    });

    it('refuses keys that could leave the store, and prefixes that would remove too much', async () => {
      const bad = [
        '',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        'a/../b',
        '../b',
        'a\\b',
        'a\0b',
        'C:',
        'a b',
        'ü',
        'a~type',
        '%2e%2e/a',
      ];
      for (const key of bad) {
        await assert.rejects(storage.put(key, Buffer.from('x'), csv), { name: 'ZodError' }, key);
        await assert.rejects(storage.get(key), { name: 'ZodError' }, key);
        await assert.rejects(async () => storage.presignGet(key, { expiresIn: 60, filename: 'x' }), {
          name: 'ZodError',
        });
      }
      for (const prefix of ['', '/', 'a', '../', 'a/../']) {
        await assert.rejects(storage.deletePrefix(prefix), { name: 'ZodError' }, prefix);
      }
    });

    it('lets the holder of a link upload, of the media type that was named', async () => {
      const link = await storage.presignPut('t3/up.csv', {
        expiresIn: 60,
        maxBytes: 100,
        contentType: 'text/csv',
      });
      const wrongType = { method: link.method, headers: { 'content-type': 'text/html' }, body: 'a,b' };
      assert.equal((await fetch(link.url, wrongType)).status, 403);
      assert.equal(
        (await fetch(link.url, { method: link.method, headers: link.headers, body: 'a,b' })).status,
        200,
      );
      assert.equal(await text(await storage.get('t3/up.csv')), 'a,b');
      if (!(storage instanceof S3Storage)) return;
      // A folder is not asked here: the API, which serves its links, refuses what is there already.
      for (const headers of [link.headers, { 'content-type': 'text/csv' }]) {
        const again = await fetch(link.url, { method: link.method, headers, body: 'other' });
        assert.ok([403, 412].includes(again.status), String(again.status));
      }
      assert.equal(await text(await storage.get('t3/up.csv')), 'a,b');
    });

    it('lets the holder of a link download, under the name that was given', async () => {
      await storage.put('t3/down', Buffer.from('content'), csv);
      const link = await storage.presignGet('t3/down', { expiresIn: 60, filename: 'Résultats "1".csv' });
      const answer = await fetch(link.url, { method: link.method, headers: link.headers });
      assert.equal(await answer.text(), 'content');
      assert.equal(answer.headers.get('content-disposition'), attachmentDisposition('Résultats "1".csv'));
    });

    it('refuses links that were altered, used for another method, or have expired', async () => {
      await storage.put('t3/mine', Buffer.from('mine'), csv);
      await storage.put('t3/other', Buffer.from('other'), csv);
      const { url } = await storage.presignGet('t3/mine', { expiresIn: 60, filename: 'x' });
      const statusOf = async (link: string, method = 'GET'): Promise<number> => {
        const answer = await fetch(link, { method });
        await answer.body?.cancel();
        return answer.status;
      };
      assert.equal(await statusOf(url), 200);
      assert.equal(await statusOf(url.replace('t3/mine', 't3/other')), 403);
      assert.equal(await statusOf(url, 'PUT'), 403);
      assert.equal(await statusOf(url.replace(/(ignature=.{8})./, '$1_')), 403);
      assert.equal(await statusOf(url.replace(/([Ee]xpires=)\d+/, '$13600')), 403);
      const brief = await storage.presignGet('t3/mine', { expiresIn: 1, filename: 'x' });
      let status = 200;
      for (const deadline = Date.now() + 10_000; status === 200 && Date.now() < deadline;) {
        status = await statusOf(brief.url);
      }
      assert.equal(status, 403);
    });
  });
}

describeContract('folder', openFolder);
describeContract('S3 (SeaweedFS)', openS3);

describe('Object storage in a folder', () => {
  it('refuses an upload through a link beyond its limit, and leaves no unfinished file', async () => {
    const { storage, root, close } = await openFolder();
    try {
      const link = await storage.presignPut('a/up', { expiresIn: 60, maxBytes: 10, contentType: 'text/csv' });
      const answer = await fetch(link.url, { method: 'PUT', headers: link.headers, body: 'x'.repeat(11) });
      assert.equal(answer.status, 403);
      assert.equal(await storage.head('a/up'), undefined);
      assert.deepEqual(await readdir(root), ['~unfinished']);
      assert.deepEqual(await readdir(join(root, '~unfinished')), []);
    } finally {
      await close();
    }
  });

  it('clears what a killed process left half-written, and hides it from lists', async () => {
    const { storage, root, close } = await openFolder();
    try {
      await storage.put('a', Buffer.from('x'), csv);
      await symlink('/nowhere', join(root, '~unfinished', 'left-behind'));
      assert.deepEqual(await keysOf(storage, ''), ['a']);
      assert.ok(storage instanceof FolderStorage);
      await storage.put('b/c', Buffer.from('x'), csv);
      await rm(join(root, '~unfinished', 'left-behind'));
      const growing = storage.put(
        'b/d',
        Readable.from(
          (async function* () {
            yield await Promise.resolve(Buffer.from('x'));
            assert.equal(await storage.removeUnfinished(), 0);
            assert.equal(await storage.removeUnfinished(-1), 1);
            yield Buffer.from('y');
          })(),
        ),
        csv,
      );
      await assert.rejects(growing, { code: 'ENOENT' });
      assert.deepEqual(await keysOf(storage, ''), ['a', 'b/c']);
    } finally {
      await close();
    }
  });

  it('says that the disk is full, leaves nothing of what did not fit, and stores it when there is room', async function () {
    const disk = await mountSmallDisk(await mkdtemp(join(tmpdir(), 'perdure-disk-')), 1);
    if (!disk) return this.skip();
    try {
      const root = join(disk.folder, 'objects');
      const storage = new FolderStorage({ root, secret, baseUrl: 'http://localhost' });
      const put = (key: string, bytes: number) => storage.put(key, Buffer.alloc(bytes, 'x'), csv);
      await put('a/kept', 10);
      const full = { code: 'storage.full', kind: 'unavailable' };
      await put('a/large', 600_000);
      // The former one stays until the new one is whole: there is no room for both.
      await assert.rejects(put('a/large', 700_000), full);
      await disk.fill();
      await assert.rejects(put('a/small', 1), full);
      await assert.rejects(put('a/large', 1), full);
      await assert.rejects(put('new/folder/small', 1), full);
      assert.deepEqual(await keysOf(storage, ''), ['a/kept', 'a/large']);
      assert.equal((await storage.head('a/large'))?.bytes, 600_000);
      assert.deepEqual(await readdir(join(root, '~unfinished')), []);
      await disk.free();
      await put('a/small', 1);
      assert.equal((await storage.head('a/small'))?.bytes, 1);
    } finally {
      await disk.close();
      await rm(disk.folder, { recursive: true, force: true });
    }
  });

  it('keeps concurrent puts and deletes in one folder apart', async () => {
    const { storage, close } = await openFolder();
    try {
      const work = Array.from({ length: 60 }, async (_, i) => {
        await storage.put(`x/y/${i}`, Buffer.from(String(i)), csv);
        await storage.delete(`x/y/${i}`);
      });
      await Promise.all(work);
      assert.deepEqual(await keysOf(storage, ''), []);
    } finally {
      await close();
    }
  });
});

describe('Links of the folder storage', () => {
  it('hold for one method, key, limit and time only', async () => {
    const storage = new FolderStorage({ root: tmpdir(), secret, baseUrl: 'https://api.example.com' });
    const { url } = await storage.presignPut('a/b', { expiresIn: 60, maxBytes: 5, contentType: 'text/csv' });
    assert.deepEqual(
      { ...verifyObjectUrl(secret, 'PUT', url), expires: 0 },
      {
        method: 'PUT',
        key: 'a/b',
        expires: 0,
        maxBytes: 5,
        contentType: 'text/csv',
      },
    );
    const invalid = { code: 'storage.link_invalid' };
    assert.throws(() => verifyObjectUrl(secret, 'GET', url), invalid);
    assert.throws(() => verifyObjectUrl('another secret', 'PUT', url), invalid);
    assert.throws(() => verifyObjectUrl(secret, 'PUT', url.replace('max_bytes=5', 'max_bytes=50')), invalid);
    assert.throws(() => verifyObjectUrl(secret, 'PUT', url.replace('a/b', 'a/../a/b')), invalid);
    assert.throws(() => verifyObjectUrl(secret, 'PUT', url.replace('a/b', 'a/%2e%2e/a/b')), invalid);
    assert.throws(() => verifyObjectUrl(secret, 'PUT', `${url}&filename=x`), invalid);
    assert.throws(() => verifyObjectUrl(secret, 'PUT', '/v1/objects/a/b'), invalid);
    assert.throws(() => verifyObjectUrl(secret, 'PUT', url, new Date(Date.now() + 61_000)), {
      code: 'storage.link_expired',
    });
  });
});

describe('Names of downloads', () => {
  it('cannot break out of the header or the folder', () => {
    assert.equal(
      attachmentDisposition('../../etc/pass"wd\r\nSet-Cookie: a'),
      `attachment; filename="pass_wd__Set-Cookie_ a"; filename*=UTF-8''pass_wd__Set-Cookie_%20a`,
    );
    assert.equal(attachmentDisposition('..'), `attachment; filename="download"; filename*=UTF-8''download`);
    assert.equal(
      attachmentDisposition('Überblick.csv'),
      `attachment; filename="_berblick.csv"; filename*=UTF-8''%C3%9Cberblick.csv`,
    );
  });
});

describe('Links into S3', () => {
  it('lead where callers reach it, signed for that host', async () => {
    const storage = new S3Storage({
      bucket: 'perdure',
      region: 'us-east-1',
      endpoint: 'http://s3.internal:8333',
      forcePathStyle: true,
      publicEndpoint: 'https://files.example',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    });
    const put = await storage.presignPut('t/a', { expiresIn: 60, maxBytes: 1, contentType: 'text/csv' });
    const get = await storage.presignGet('t/a', { expiresIn: 60, filename: 'a.csv' });
    storage.close();
    for (const { url } of [put, get]) assert.ok(url.startsWith('https://files.example/perdure/t/a?'), url);
  });
});
