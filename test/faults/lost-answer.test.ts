import assert from 'node:assert/strict';
import { createSearchRoutes } from '../../api/search/routes.ts';
import type { Services } from '../../api/services.ts';
import { Database } from '../../db/database.ts';
import { openSearchEngine } from '../../services/search/open.ts';
import { startTestApi, type ApiClient, type TestApi } from '../support/api.ts';
import { phonesCsv } from '../support/batches.ts';
import { postgres } from '../support/database.ts';
import { formOf } from '../support/search-system.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

describe('An answer of PostgreSQL that is lost', () => {
  let network: TcpProxy;
  let api: TestApi;
  let member: ApiClient;
  const ends: (() => Promise<void>)[] = [];

  /** The same databases as the API's others, behind a network that can lose an answer. */
  const behindNetwork = ({ config }: Services): Database => {
    const through = (given: string): string => {
      const url = new URL(given);
      url.port = String(network.port);
      return url.href;
    };
    const domainUrls = Object.entries(config.domainUrls).map(([domain, url]) => [domain, through(url)]);
    const database = new Database({
      url: through(config.DATABASE_URL),
      domainUrls: Object.fromEntries(domainUrls) as typeof config.domainUrls,
      poolSize: 5,
      applicationName: 'test',
    });
    ends.push(() => database.close());
    return database;
  };

  before(async () => {
    network = await startTcpProxy({ port: (await postgres()).port });
    ends.push(() => network.close());
    api = await startTestApi((given) => {
      const services = { ...given, database: behindNetwork(given) };
      const engine = openSearchEngine(services);
      ends.push(() => engine.close());
      return createSearchRoutes(services, engine);
    });
    member = api.client.as((await api.tenant()).member);
    // The first look at an organisation's providers makes them, in a transaction of its own.
    await member.post('/v1/batches', formOf(phonesCsv(1), 'first.csv', { kind: 'phone' }));
  });
  after(async () => {
    await api?.close();
    for (const end of ends.toReversed()) await end();
  });

  /** Sends a form whose commit is not heard of, and sends it again. Gives the process that came of it. */
  const sendTwice = async (path: string, file: string, fields: Record<string, string>) => {
    const headers = { 'idempotency-key': `lost ${path}` };
    const lost = network.loseAnswerTo('commit');
    const first = await member.post(path, formOf(file, 'people.csv', fields), { headers });
    await lost;
    assert.equal(first.status, 503, JSON.stringify(first.body));
    const second = await member.post(path, formOf(file, 'people.csv', fields), { headers });
    assert.equal(second.status, 202, JSON.stringify(second.body));
    assert.equal(second.headers.get('idempotency-replayed'), 'true');
    return second.body.id as string;
  };

  const fileOf = async (table: 'batches' | 'imports', id: string) => {
    const [row] = await api.services.database.read('search', ({ sql }) =>
      sql<{ key: string }>(`select file ->> 'key' as key from search.${table} where id = $1`, [id]),
    );
    return await api.services.storage.head(row?.key ?? '');
  };

  it('leaves a batch its file', async () => {
    const id = await sendTwice('/v1/batches', phonesCsv(3), { kind: 'phone' });
    assert.ok(await fileOf('batches', id));
  });

  it('leaves an import its file', async () => {
    const { body: set } = await member.post('/v1/record-sets', { name: 'Lost' });
    const id = await sendTwice(
      `/v1/record-sets/${set.id}/imports`,
      'first name,last name\nAda,Lovelace\n',
      {},
    );
    assert.ok(await fileOf('imports', id));
  });
});
