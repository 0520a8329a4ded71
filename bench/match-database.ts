import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { migrate } from '../db/migrate.ts';
import { PersonRepository } from '../db/search/person.repository.ts';
import type { Sql } from '../db/sql.ts';
import type { PersonFields } from '../domain/search/person.ts';
import { startPostgres } from '../platform/local/postgres.ts';

/** A database of the benchmark's own. */
export interface BenchDatabase {
  sql: Sql;
  pool: Pool;
  close(): Promise<void>;
}

/** @param url an empty database to use; without it, a PostgreSQL is started in a folder that is removed at the end */
export async function openBenchDatabase(url: string | undefined): Promise<BenchDatabase> {
  const folder = url === undefined ? await mkdtemp(join(tmpdir(), 'perdure-bench-')) : undefined;
  const server =
    folder === undefined
      ? undefined
      : await startPostgres({ dataDir: join(folder, 'postgres'), durable: false });
  const address = url ?? server?.url ?? '';
  await migrate(() => address, ['search']);
  const pool = new Pool({ connectionString: address, max: 4 });
  const sql: Sql = async <T extends object>(text: string, parameters: readonly unknown[] = []) =>
    (await pool.query(text, [...parameters])).rows as T[];
  return {
    sql,
    pool,
    close: async () => {
      // The server may end a connection that is being closed anyway.
      pool.on('error', () => undefined);
      await pool.end();
      await server?.stop();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A tenant with one record set of these people, whose external ids are their places in the list. */
export async function importPeople(
  db: BenchDatabase,
  people: Iterable<PersonFields>,
  onProgress: (stored: number) => void = () => undefined,
): Promise<{ tenantId: string; recordSetId: string }> {
  const set = { tenantId: uuidv7(), recordSetId: uuidv7() };
  await db.pool.query('insert into search.record_sets (id, tenant_id, name) values ($1, $2, $3)', [
    set.recordSetId,
    set.tenantId,
    `bench ${set.recordSetId}`,
  ]);
  let place = 0;
  let chunk: { fields: PersonFields }[] = [];
  const underWay = new Set<Promise<void>>();
  const store = async (): Promise<void> => {
    const stored = storeChunk(db, set, chunk).finally(() => underWay.delete(stored));
    underWay.add(stored);
    chunk = [];
    // Two at a time: one is made ready while the database stores the other.
    if (underWay.size >= 2) await Promise.race(underWay);
  };
  for (const fields of people) {
    chunk.push({ fields: { ...fields, external_id: String(place) } });
    place += 1;
    if (chunk.length < chunkSize) continue;
    await store();
    onProgress(place);
  }
  await store();
  await Promise.all(underWay);
  await db.pool.query(
    'vacuum analyze search.persons, search.person_keys, search.terms, search.spellings, search.record_sets',
  );
  return set;
}

const chunkSize = 20_000;

async function storeChunk(
  db: BenchDatabase,
  set: { tenantId: string; recordSetId: string },
  persons: { fields: PersonFields }[],
): Promise<void> {
  const client = await db.pool.connect();
  try {
    await client.query('begin');
    const sql: Sql = async <T extends object>(text: string, parameters: readonly unknown[] = []) =>
      (await client.query(text, [...parameters])).rows as T[];
    await new PersonRepository(sql).insert({ ...set, persons });
    await client.query('commit');
  } finally {
    client.release();
  }
}
