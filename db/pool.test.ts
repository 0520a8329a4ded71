import assert from 'node:assert/strict';
import { Pool } from 'pg';
import { postgres } from '../test/support/database.ts';
import { keepWhole } from './pool.ts';

describe('a pool that is kept whole', () => {
  it('takes a dead connection back from a holder who never gives it back', async () => {
    const pool = new Pool({ connectionString: (await postgres()).url, max: 1 });
    keepWhole(pool, 60);
    try {
      const client = await pool.connect();
      client.on('error', () => undefined);
      await assert.rejects(client.query('select pg_terminate_backend(pg_backend_pid())'));
      const next = await pool.connect();
      client.release();
      assert.deepEqual((await next.query('select 1 as one')).rows, [{ one: 1 }]);
      next.release();
    } finally {
      await pool.end();
    }
  });

  it('breaks off a connection on which nothing moves', async () => {
    const pool = new Pool({ connectionString: (await postgres()).url, max: 1 });
    keepWhole(pool, 0.3);
    try {
      await assert.rejects(pool.query('select pg_sleep(60)'), /terminated/);
    } finally {
      await pool.end();
    }
  });
});
