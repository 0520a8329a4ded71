import assert from 'node:assert/strict';
import { processRetentionDays } from '../../domain/search/retention.ts';
import { searchQueue } from '../../workflows/search/messages.ts';
import { endedImport, phonesCsv } from '../support/batches.ts';
import { keepHistory } from '../support/histories.ts';
import { formOf, startSearchSystem, untilStateAt, type SearchSystem } from '../support/search-system.ts';
import { temporalClient, untilCompleted } from '../support/temporal.ts';

describe('Files, rows and uploads whose time is over', () => {
  let system: SearchSystem;
  before(async () => {
    system = await startSearchSystem();
  });
  after(() => system.close());

  it('are deleted, and what is still wanted stays', async () => {
    const tenant = await system.api.tenant();
    const member = system.api.client.as(tenant.member);
    const { database, storage } = system.api.services;
    const batch = async (): Promise<string> => {
      const { body } = await member.post('/v1/batches', formOf(phonesCsv(30), 'a.csv', { kind: 'phone' }));
      await untilStateAt(member, `/v1/batches/${body.id}`, ['completed']);
      return body.id as string;
    };
    const upload = async (): Promise<{ id: string; url: string }> => {
      const { body } = await member.post('/v1/uploads', { file_name: 'a.csv' });
      const { url, headers } = body.request;
      assert.equal((await fetch(url, { method: 'PUT', headers, body: 'x' })).status, 200);
      return { id: body.id, url };
    };
    const [old, young] = [await batch(), await batch()];
    const [left, waiting] = [await upload(), await upload()];
    const imported = await endedImport(system.api.services, tenant.id);
    await database.read('search', async ({ sql }) => {
      const long = `now() - interval '${processRetentionDays + 1} days'`;
      await sql(`update search.batches set finished_at = ${long} where id = $1`, [old]);
      await sql(`update search.imports set finished_at = ${long} where id = $1`, [imported.id]);
      await sql(`update search.uploads set expires_at = now() - interval '2 hours' where id = $1`, [left.id]);
    });

    const client = await temporalClient();
    const workflowId = `expire:${old}`;
    await client.workflow.start('expireSearchFiles', { workflowId, taskQueue: searchQueue });
    await untilCompleted(client, workflowId);
    await keepHistory(client, system.api.services.database, workflowId, 'expireSearchFiles/straight');

    const expired = await member.get(`/v1/batches/${old}`);
    assert.deepEqual([expired.body.state, expired.body.results], ['expired', null]);
    assert.equal((await member.get(`/v1/batches/${old}/results.csv`)).status, 410);
    assert.equal((await member.get(`/v1/batches/${old}/rows`)).status, 410);
    const address = `/v1/record-sets/${imported.recordSetId}/imports/${imported.id}`;
    assert.equal((await member.get(`${address}/rejected.csv`)).status, 410);
    assert.equal((await member.get(`/v1/batches/${young}/results.csv`)).status, 200);
    assert.equal((await member.get(`/v1/batches/${young}/rows`)).body.items.length, 30);
    const keys = (await Array.fromAsync(storage.list(''))).map(({ key }) => key);
    assert.deepEqual(
      keys.filter((key) => key.includes(old) || key.includes(imported.id) || key.includes(left.id)),
      [],
    );
    assert.ok(keys.some((key) => key.includes(waiting.id)));
    assert.equal((await member.post('/v1/batches', { upload_id: left.id })).status, 404);
  });
});
