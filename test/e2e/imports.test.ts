import assert from 'node:assert/strict';
import {
  formOf,
  startSearchSystem,
  untilStateAt,
  type ApiClient,
  type SearchSystem,
} from '../support/search-system.ts';

const header = 'id,first name,last name,born,city';
const people = (names: readonly string[], city = 'Bath'): string =>
  [
    header,
    ...names.map((name, index) => `p${index + 1},${name},Lovelace,1815-12-${10 + index},${city}`),
  ].join('\n');
import { keepHistory } from '../support/histories.ts';
import { temporalClient, untilCompleted } from '../support/temporal.ts';
import { until } from '../support/until.ts';

describe('Imports into record sets', () => {
  let system: SearchSystem;
  let member: ApiClient;
  let viewer: ApiClient;
  before(async () => {
    system = await startSearchSystem();
    const tenant = await system.api.tenant();
    member = system.api.client.as(tenant.member);
    viewer = system.api.client.as(tenant.viewer);
  });
  after(() => system.close());

  const newSet = async (name: string): Promise<string> => {
    const { status, body } = await member.post('/v1/record-sets', { name });
    assert.equal(status, 201, JSON.stringify(body));
    return body.id as string;
  };
  const importInto = async (set: string, csv: string, fields: Record<string, string> = {}) => {
    const { status, body, headers } = await member.post(
      `/v1/record-sets/${set}/imports`,
      formOf(csv, 'p.csv', fields),
    );
    assert.equal(status, 202, JSON.stringify(body));
    return await untilStateAt(viewer, headers.get('location') ?? '', ['completed', 'failed']);
  };
  const isFound = async (set: string, given_name: string): Promise<boolean> => {
    const { body } = await member.post('/v1/search/name', {
      given_name,
      surname: 'Lovelace',
      record_set_ids: [set],
    });
    return (body.people as { fields: { given_name: string } }[]).some(
      ({ fields }) => fields.given_name === given_name,
    );
  };

  it('adds people, reports the rows it rejects, and the people are found', async () => {
    const set = await newSet('Customers');
    const preview = await member.post(
      `/v1/record-sets/${set}/imports/preview`,
      formOf(people(['Ada', 'Byron']), 'people.csv'),
    );
    assert.equal(preview.status, 200, JSON.stringify(preview.body));
    assert.equal(preview.body.rows, 2);

    const csv = `${people(['Ada', 'Byron', 'Cecil'])}\np1,Twice,Lovelace,1816-01-01,Bath\np9,,,,\np10,too,many,columns,in,it\n`;
    const done = await importInto(set, csv);
    assert.equal(done.state, 'completed', JSON.stringify(done.problem));
    assert.deepEqual([done.progress.rows, done.progress.imported, done.progress.rejected], [6, 3, 3]);
    const events = await viewer.get(`/v1/record-sets/${set}/imports/${done.id}/events`);
    assert.match(events.body, /event: progress\ndata: .*"imported":3/);
    assert.match(events.body, /event: end\ndata: \{"state":"completed"\}\n\n$/);
    const report = await viewer.get(done.rejected_rows);
    assert.match(report.body, /^.?row,line,code,message,id,first name/);
    assert.match(report.body, /search\.row_external_id_repeated/);
    assert.match(report.body, /search\.mapping_nothing_to_search/);
    assert.match(report.body, /search\.file_row_ragged/);
    assert.equal((await viewer.get(`/v1/record-sets/${set}`)).body.people, 3);
    assert.equal(await isFound(set, 'Ada'), true);
  });

  it('answers with the end for whoever prefers to wait', async () => {
    const address = `/v1/record-sets/${await newSet('Waited for')}/imports`;
    const answer = await member.post(address, formOf(people(['Ada', 'Byron']), 'people.csv'), {
      headers: { Prefer: 'wait=30' },
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual([answer.body.state, answer.body.progress.imported], ['completed', 2]);
    assert.equal(answer.headers.get('location'), `${address}/${answer.body.id}`);
  });

  it('replaces a person of the same external id when it adds', async () => {
    const set = await newSet('Appended');
    await importInto(set, people(['Ada', 'Byron']));
    await importInto(set, people(['Adelaide']));
    assert.equal((await viewer.get(`/v1/record-sets/${set}`)).body.people, 2);
    assert.equal(await isFound(set, 'Adelaide'), true);
  });

  it('replaces all people at once, and clears the old ones away', async () => {
    const set = await newSet('Replaced');
    await importInto(set, people(['Ada', 'Byron', 'Cecil']));
    assert.equal(await isFound(set, 'Byron'), true);
    const { etag } = Object.fromEntries((await viewer.get(`/v1/record-sets/${set}`)).headers);
    const done = await importInto(set, people(['Zoe', 'Yolanda']), { mode: 'replace' });
    assert.equal(done.state, 'completed', JSON.stringify(done.problem));
    const shown = await viewer.get(`/v1/record-sets/${set}`);
    assert.equal(shown.body.people, 2);
    assert.equal(shown.body.name, 'Replaced');
    assert.notEqual(shown.headers.get('etag'), etag);
    assert.equal(await isFound(set, 'Zoe'), true);
    assert.equal(await isFound(set, 'Byron'), false);
    const { body } = await member.post('/v1/search/name', { given_name: 'Zoe', surname: 'Lovelace' });
    assert.equal(body.people[0].record_set_id, set);
    const client = await temporalClient();
    await untilCompleted(client, `import:${done.id}`);
    await keepHistory(client, system.api.services.database, `import:${done.id}`, 'importRecords/replaced');
    const { database } = system.api.services;
    const [left] = await database.read('search', ({ sql }) =>
      sql<{ people: number; terms: number }>(
        `select (select count(*)::int from search.persons where record_set_id = $1) as people,
                (select count(*)::int from search.terms where record_set_id = $1) as terms`,
        [set],
      ),
    );
    assert.deepEqual(left, { people: 0, terms: 0 }, 'nothing is left of the first content');
  });

  it('leaves the people as they were when a replacement fails', async () => {
    const set = await newSet('Kept');
    await importInto(set, people(['Ada']));
    const cut = `${people(Array.from({ length: 2000 }, (_, i) => `N${i}`))}\n"never closed,`;
    const failed = await importInto(set, cut, { mode: 'replace' });
    assert.equal(failed.state, 'failed');
    assert.equal(failed.problem.code, 'search.file_truncated');
    assert.equal((await viewer.get(`/v1/record-sets/${set}`)).body.people, 1);
    assert.equal(await isFound(set, 'Ada'), true);
    await keepHistory(
      await temporalClient(),
      system.api.services.database,
      `import:${failed.id}`,
      'importRecords/failed',
    );
  });

  it('ends early when it is cancelled: what was added stays, and nothing of a replacement is seen', async () => {
    const many = people(Array.from({ length: 20_000 }, (_, i) => `N${i}`)).replaceAll(
      /1815-12-\d+/g,
      '1815-12-10',
    );
    const stored = async (address: string) =>
      await until(async () => {
        const { body } = await viewer.get(address);
        return body.progress.imported > 0 ? body : null;
      });
    for (const mode of ['append', 'replace']) {
      const set = await newSet(`Cancelled ${mode}`);
      await importInto(set, people(['Ada']));
      const made = await member.post(`/v1/record-sets/${set}/imports`, formOf(many, 'many.csv', { mode }));
      const address = made.headers.get('location') ?? '';
      await stored(address);
      const cancelled = await member.post(`${address}/cancel`);
      assert.equal(cancelled.status, 200, JSON.stringify(cancelled.body));
      const { state, progress } = cancelled.body;
      assert.equal(state, 'cancelled');
      assert.ok(progress.imported > 0 && progress.imported < 20_000);
      await untilCompleted(await temporalClient(), `import:${made.body.id}`);
      assert.deepEqual((await viewer.get(address)).body.progress.imported, progress.imported);
      const { body } = await viewer.get(`/v1/record-sets/${set}`);
      // The first row of the file has the external id of Ada.
      assert.equal(body.people, mode === 'append' ? progress.imported : 1);
      assert.equal(await isFound(set, 'Ada'), mode === 'replace');
      assert.equal((await member.post(`${address}/cancel`)).status, 200, 'it may be repeated');
      assert.equal((await viewer.get(`${address}/rejected.csv`)).status, 409);
      const next = await importInto(set, people(['Zoe', 'Yolanda']), { mode: 'replace' });
      assert.equal(next.state, 'completed');
      const late = await member.post(`/v1/record-sets/${set}/imports/${next.id}/cancel`);
      assert.deepEqual([late.status, late.body.code], [409, 'search.import_state']);
      await keepHistory(
        await temporalClient(),
        system.api.services.database,
        `import:${made.body.id}`,
        `importRecords/cancelled-${mode}`,
      );
    }
  });

  it('takes an upload of whoever may import, without the right to batches', async () => {
    const tenant = await system.api.tenant();
    const key = system.api.client.as(await system.api.key(tenant.owner, ['records:write']));
    const { status, body } = await key.post('/v1/uploads', { file_name: 'people.csv' });
    assert.equal(status, 201, JSON.stringify(body));
    const { method, url, headers } = body.request;
    assert.equal((await fetch(url, { method, headers, body: people(['Ada']) })).status, 200);
    const { body: set } = await key.post('/v1/record-sets', { name: 'Uploaded' });
    const made = await key.post(`/v1/record-sets/${set.id}/imports`, { upload_id: body.id });
    assert.equal(made.status, 202, JSON.stringify(made.body));
    const reader = system.api.client.as(await system.api.key(tenant.owner, ['records:read']));
    assert.equal((await reader.post('/v1/uploads', { file_name: 'people.csv' })).status, 403);
  });

  it('renames, refuses a name that is taken and an edit of an old version, and deletes', async () => {
    const set = await newSet('First name');
    await newSet('Taken');
    const before = (await viewer.get(`/v1/record-sets/${set}`)).headers.get('etag') ?? '';
    const headers = { 'If-Match': before };
    assert.equal((await member.patch(`/v1/record-sets/${set}`, { name: 'Taken' }, { headers })).status, 409);
    assert.equal((await member.patch(`/v1/record-sets/${set}`, { name: 'Second' }, { headers })).status, 200);
    assert.equal((await member.patch(`/v1/record-sets/${set}`, { name: 'Third' }, { headers })).status, 412);
    await importInto(set, people(['Ada']));
    assert.equal((await member.delete(`/v1/record-sets/${set}`)).status, 204);
    assert.equal((await viewer.get(`/v1/record-sets/${set}`)).status, 404);
    const { status } = await member.post('/v1/search/name', { surname: 'Lovelace', record_set_ids: [set] });
    assert.equal(status, 404);
    const client = await temporalClient();
    await untilCompleted(client, `record-set-deletion:${set}`);
    await keepHistory(
      client,
      system.api.services.database,
      `record-set-deletion:${set}`,
      'deleteRecordSet/straight',
    );
  });

  it('takes one import at a time, and none into another organisation’s set', async () => {
    const set = await newSet('Busy');
    const stranger = system.api.client.as((await system.api.tenant()).owner);
    assert.equal(
      (await stranger.post(`/v1/record-sets/${set}/imports`, formOf(people(['X']), 'x.csv'))).status,
      404,
    );
    const many = people(Array.from({ length: 3000 }, (_, i) => `N${i}`));
    const [first, second] = await Promise.all([
      member.post(`/v1/record-sets/${set}/imports`, formOf(many, 'a.csv')),
      member.post(`/v1/record-sets/${set}/imports`, formOf(many, 'b.csv')),
    ]);
    assert.deepEqual(
      [first.status, second.status].toSorted((a, b) => a - b),
      [202, 409],
    );
  });
});
