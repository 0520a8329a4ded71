import assert from 'node:assert/strict';
import { domainsOfPeople } from '../../domain/search/erasure.ts';
import { formOf, startSearchSystem, untilStateAt, type SearchSystem } from '../support/search-system.ts';
import { temporalClient, untilCompleted } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { phonesCsv } from '../support/batches.ts';
import { keepHistory } from '../support/histories.ts';
import { keyOf, payloadsIn } from '../support/payloads.ts';

const person = {
  email: 'Quillon.Vexley@planted.example',
  phone: '+49 30 901820',
  name: 'Quillon Vexley',
  born: '1971-03-09',
};

/** Three rows that are of the person, each by something else, and one that is not. */
const table = [
  'given name,surname,birth date,email,phone,note',
  'Quillon,Vexley,09.03.1971,,,by name',
  'Q.,V.,,quillon.vexley@PLANTED.example,,by address',
  'Someone,Other,,,030 90 18 20,by number',
  'Ada,Lovelace,10.12.1815,ada@example.com,+49 30 901821,nobody',
].join('\n');

const traces = /quillon|vexley|901820|90 18 20|by name|by address|by number/i;

describe('forgetting a person', function () {
  this.timeout(180_000);
  let system: SearchSystem;
  before(async () => {
    // Each domain that keeps something of people erases its part.
    system = await startSearchSystem({ domains: ['search', ...domainsOfPeople] });
  });
  after(() => system?.close());

  /** All that the tables and files of search still say of the person: where, and what. */
  async function remains(): Promise<string[]> {
    const { database, storage } = system.api.services;
    const found: string[] = [];
    await database.read('search', async ({ sql }) => {
      const tables = await sql<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'search'`,
      );
      for (const { name } of tables) {
        const rows = await sql<{ row: string }>(`select t::text as row from search.${name} t`);
        for (const { row } of rows) if (traces.test(row)) found.push(`${name}: ${row}`);
      }
    });
    for await (const { key } of storage.list('')) {
      const content = Buffer.concat(await Array.fromAsync(await storage.get(key))).toString();
      if (traces.test(content)) found.push(key);
    }
    return found;
  }

  it('takes them out of people, rows, results, files, answers and the log, and tells numbers only', async () => {
    const tenant = await system.api.tenant();
    const owner = system.api.client.as(tenant.owner);
    const { body: set } = await owner.post('/v1/record-sets', { name: 'people' });
    const imports = `/v1/record-sets/${set.id}/imports`;
    // The last line is rejected, as it has nothing to search by, and stands in the report.
    const { body: imported } = await owner.post(
      imports,
      formOf(`${table}\n,,,,,quillon.vexley@planted.example`, 'people.csv'),
    );
    await untilStateAt(owner, `${imports}/${imported.id}`, ['completed']);
    const { body: batch } = await owner.post(
      '/v1/batches',
      formOf(table, 'batch.csv', { kind: 'comprehensive' }),
    );
    const done = await untilStateAt(owner, `/v1/batches/${batch.id}`, ['completed']);
    const asked = { email: 'quillon.vexley@planted.example' };
    const { body: search } = await owner.post('/v1/search/email', asked);
    assert.equal(search.status, 'found');
    assert.ok((await remains()).length > 8);

    const { body: wish, status } = await owner.post('/v1/erasures', {
      emails: [person.email],
      phones: [person.phone],
      name: person.name,
      date_of_birth: person.born,
    });
    assert.equal(status, 202);
    const erased = await untilStateAt(owner, `/v1/erasures/${wish.id}`, ['completed']);
    assert.deepEqual(await remains(), []);
    assert.equal(erased.report.people, 3);
    assert.equal(erased.report.batch_rows, 3);
    assert.equal(erased.report.files_deleted, 2);
    assert.equal(erased.report.rejected_rows, 1);
    assert.equal(erased.report.files_rewritten, 4);
    assert.ok(erased.report.searches >= 1);

    // The others are still there, and the batch adds up.
    assert.equal(
      (await owner.post('/v1/search/name', { given_name: 'Ada', surname: 'Lovelace' })).body.status,
      'found',
    );
    assert.equal((await owner.post('/v1/search/email', asked)).body.status, 'not_found');
    assert.equal((await owner.get(`/v1/record-sets/${set.id}`)).body.persons ?? 1, 1);
    const csv = (await owner.get(done.results.csv)).body as string;
    assert.equal(csv.trim().split('\n').length, 5);
    assert.match(csv, /Lovelace/);

    const client = await temporalClient();
    await untilCompleted(client, `erasure:${wish.id}`);
    await keepHistory(client, system.api.services.database, `erasure:${wish.id}`, 'erasePerson/straight');
    const history = await client.workflow.getHandle(`erasure:${wish.id}`).fetchHistory();
    assert.ok(payloadsIn(history).every((payload) => keyOf(payload) === `tenant:${tenant.id}:1`));
  });

  it('waits for what is under way, also when it is paused, and says so', async () => {
    const tenant = await system.api.tenant();
    const owner = system.api.client.as(tenant.owner);
    const file = formOf(phonesCsv(2_000), 'batch.csv', { kind: 'phone' });
    const { body: batch } = await owner.post('/v1/batches', file);
    assert.equal((await owner.post(`/v1/batches/${batch.id}/pause`)).status, 200);
    const { body: wish } = await owner.post('/v1/erasures', { emails: [person.email] });
    assert.deepEqual(wish.waits_for, [{ process: `batch:${batch.id}`, paused: true }]);
    const client = await temporalClient();
    const erasure = client.workflow.getHandle(`erasure:${wish.id}`);
    await until(async () =>
      (await erasure.fetchHistory()).events?.some((event) => event.timerStartedEventAttributes),
    );
    assert.equal((await owner.get(`/v1/erasures/${wish.id}`)).body.state, 'submitted');
    assert.equal((await owner.post(`/v1/batches/${batch.id}/resume`)).status, 200);
    const done = await untilStateAt(owner, `/v1/erasures/${wish.id}`, ['completed'], 120_000);
    assert.deepEqual(done.waits_for, []);
    await untilCompleted(client, `erasure:${wish.id}`);
    await keepHistory(client, system.api.services.database, `erasure:${wish.id}`, 'erasePerson/waited');
  });

  it('is asked for once a key, by owners and admins, with something that names somebody', async () => {
    const tenant = await system.api.tenant();
    const owner = system.api.client.as(tenant.owner);
    const headers = { 'idempotency-key': 'once' };
    const first = await owner.post('/v1/erasures', { emails: ['x@example.com'] }, { headers });
    const again = await owner.post('/v1/erasures', { emails: ['x@example.com'] }, { headers });
    assert.equal(again.body.id, first.body.id);
    const nobody = await owner.post('/v1/erasures', { name: 'Ada Lovelace' });
    assert.deepEqual([nobody.status, nobody.body.code], [400, 'search.erasure_invalid']);
    const member = system.api.client.as(tenant.member);
    assert.equal((await member.post('/v1/erasures', { emails: ['x@example.com'] })).status, 403);
    const done = await untilStateAt(owner, `/v1/erasures/${first.body.id}`, ['completed']);
    assert.equal(done.report.people, 0);
  });
});
