import assert from 'node:assert/strict';
import { phonesCsv } from '../support/batches.ts';
import { hasPartsOf, type Form } from '../support/form.ts';
import { formOf, startSearchSystem, untilStateAt, type SearchSystem } from '../support/search-system.ts';

/** The forms besides the usual one, in short; `npm run test:forms` runs whole suites in them. */
const forms: [name: string, form: Form][] = [
  ['in one database', { oneDatabase: true, redis: false, s3: false }],
  ['in one database, with Redis and S3', { oneDatabase: true, redis: true, s3: true }],
];

for (const [name, form] of forms) {
  describe(`The system ${name}`, function () {
    this.timeout(180_000);
    let system: SearchSystem | undefined;
    before(async function () {
      if (!(await hasPartsOf(form))) return this.skip();
      system = await startSearchSystem({ form });
    });
    after(() => system?.close());

    it('imports, searches and gives the results of a batch', async () => {
      const { api } = system ?? assert.fail();
      const { config } = api.services;
      assert.deepEqual(
        [Object.keys(config.domainUrls).length === 0, Boolean(config.REDIS_URL), Boolean(config.S3_BUCKET)],
        [form.oneDatabase, form.redis, form.s3],
      );
      const { member } = await api.tenant();
      const client = api.client.as(member);

      const set = await client.post('/v1/record-sets', { name: 'customers' });
      const persons = 'given name,surname,phone\nAda,Lovelace,+14155552671\nGrace,Hopper,+14155552672\n';
      const imported = await client.post(
        `/v1/record-sets/${set.body.id}/imports`,
        formOf(persons, 'persons.csv'),
      );
      assert.equal(imported.status, 202, JSON.stringify(imported.body));
      await untilStateAt(client, imported.headers.get('location') ?? '', ['completed']);
      const question = { given_name: 'Ada', surname: 'Lovelace' };
      const first = await client.post('/v1/search/name', question);
      assert.deepEqual([first.body.status, first.body.cached], ['found', false], JSON.stringify(first.body));
      assert.equal((await client.post('/v1/search/name', question)).body.cached, true);

      const made = await client.post('/v1/batches', formOf(phonesCsv(300), 'people.csv', { kind: 'phone' }));
      assert.equal(made.status, 202, JSON.stringify(made.body));
      const batch = await untilStateAt(client, `/v1/batches/${made.body.id}`, ['completed']);
      const results = await client.get(batch.results.csv);
      assert.equal(String(results.body).trim().split('\n').length, 301);
    });
  });
}
