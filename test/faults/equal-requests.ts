import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import { until } from '../support/until.ts';
import { batchProcess, sendBatch } from './batch-process.ts';
import type { Answer } from './caller.ts';
import { checkInvariants, untilEnded, untilQuiet } from './invariants.ts';
import type { Undisturbed } from './scenario-run.ts';
import type { Chance } from './seed.ts';
import { makeStage, price, type Stage } from './stage.ts';
import type { FaultSystem } from './system.ts';

const requests = 100;

/** The same command from many at once: what they are answered must be the same, to the byte. */
async function sendAll(send: () => Promise<Answer>): Promise<Answer> {
  const [first, ...others] = await Promise.all(Array.from({ length: requests }, send));
  assert.ok(first);
  for (const other of others) assert.deepEqual(other, first, 'equal requests got different answers');
  return first;
}

async function count(stage: Stage, table: string): Promise<number> {
  const [row] = await stage.database.read('search', ({ sql }) =>
    sql<{ rows: number }>(`select count(*)::int as rows from search.${table} where tenant_id = $1`, [
      stage.tenantId,
    ]),
  );
  return row?.rows ?? 0;
}

/**
 * Sends a hundred equal requests at once under one key, of each sort that there is: a batch with its file, a command in
 * one transaction, and a search that calls the outside. The API is killed at a moment of chance amid them, and its
 * clients send again what they have not heard of.
 */
export async function sendEqualRequests(
  system: FaultSystem,
  chance: Chance,
  undisturbed: Undisturbed,
): Promise<void> {
  const { api, database, vendor } = system;
  const stage = await makeStage(system.stage);
  const [batchKey, setKey, searchKey] = [uuidv7(), uuidv7(), uuidv7()];
  const searched = vendor.requests.length;
  const all = Promise.all([
    sendAll(() => sendBatch(stage, { key: batchKey })),
    sendAll(() => stage.caller.command('/v1/record-sets', () => ({ name: 'One of many' }), { key: setKey })),
    sendAll(() => stage.caller.command('/v1/search/phone', () => ({ phone }), { key: searchKey })),
  ]);
  // Its failure is raised below; until then it must not count as unheard.
  all.catch(() => undefined);
  const moment = Math.floor(chance.next() * 2 * requests);
  await until(() => stage.caller.acknowledged.length >= moment, 120_000);
  await api.kill();
  await api.start();
  const [batch, set, search] = await all;
  assert.equal(batch.status, 202, JSON.stringify(batch.body));
  assert.equal(set.status, 201, JSON.stringify(set.body));
  assert.equal(search.status, 200, JSON.stringify(search.body));

  await untilEnded(stage, batch.location);
  await untilQuiet(stage);
  await checkInvariants(stage);
  const wanted = undisturbed.outcomes.get(batchProcess.name);
  assert.deepEqual(await batchProcess.outcome(stage, batch.location), wanted);
  assert.equal(await count(stage, 'batches'), 1);
  assert.equal(await count(stage, 'record_sets'), 1);
  const [bill] = await database.read('search', ({ sql }) =>
    sql(
      `select count(*)::int as charges, sum(amount_micros)::text as amount from search.charges
       where tenant_id = $1 and effect_key like 'search:%'`,
      [stage.tenantId],
    ),
  );
  const amount = search.body.status === 'found' ? price.perCall + price.perHit : price.perCall;
  assert.deepEqual(bill, { charges: 1, amount: String(amount) });
  const calls = vendor.requests.slice(searched).filter(({ url }) => url.includes(encodeURIComponent(phone)));
  // The one that was under way when the API died, and the one that was made anew under the same key of the vendor's.
  assert.ok(calls.length <= 2, `the vendor was called ${calls.length} times`);
  assert.equal(new Set(calls.map(({ headers }) => headers['idempotency-key'])).size, 1);
}

const phone = '+14155580001';
