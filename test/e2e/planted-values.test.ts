import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { domains } from '../../domain/domains.ts';
import { tenantErasureWorkflowId } from '../../workflows/identity/messages.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { startMailbox, tokenIn, type TestMailbox } from '../support/mailbox.ts';
import { startObserved, type ObservedProcess } from '../support/observed-system.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { runFolder } from '../support/run.ts';
import { formOf } from '../support/search-system.ts';
import { startOwnTemporal } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';
import type { Json } from '../support/json.ts';

/** Nothing else in the system looks like these. */
const unique = (): string => randomBytes(5).toString('hex');
const digits = String(randomInt(1_000_000, 9_999_999));

/** What is personal: it may lie in rows and files of the tenant, and nowhere else. */
const people = {
  surname: `Vex${unique()}`,
  email: `p${unique()}@planted.example`,
  phone: `+4930${digits}`,
  nationalId: `NI${unique()}`,
  accountName: `Holder ${unique()}`,
  accountEmail: `a${unique()}@planted.example`,
  unreadableEmail: `x${unique()}@@nowhere`,
  vendorSays: `Said${unique()}`,
  forgotten: `f${unique()}@planted.example`,
  customerName: `Buyer${unique()}`,
  customerEmail: `c${unique()}@planted.example`,
  customerStreet: `Lane${unique()}`,
  note: `Note${unique()}`,
};

/** What is secret: it lies nowhere as it is, not in the database either. */
const secrets = {
  password: `correct horse ${unique()}`,
  wrongPassword: `wrong horse ${unique()}`,
  vendorSecret: `sk_${unique()}${unique()}`,
  signature: `forged.${unique()}.token`,
};

/** A value as it is, folded, or in an address. */
function formsOf(value: string): string[] {
  return [
    ...new Set([
      value,
      value.toLowerCase(),
      encodeURIComponent(value),
      encodeURIComponent(value.toLowerCase()),
    ]),
  ];
}

/** Which of the planted values stand in a text. */
function found(planted: Record<string, string>, text: string): string[] {
  return Object.entries(planted)
    .filter(([, value]) => formsOf(value).some((form) => text.includes(form)))
    .map(([name]) => name);
}

describe('Planted personal values and secrets', function () {
  this.timeout(240_000);
  const ends: (() => Promise<unknown>)[] = [];
  const refusals: string[] = [];
  let folder: string;
  let mailbox: TestMailbox;
  let vendor: Vendor;
  let receiver: OtlpReceiver;
  let base: TestApi;
  let api: ObservedProcess;
  let workers: ObservedProcess;
  let token: string | null = null;
  let metrics = '';
  let organisationId = '';
  const stored: Record<'secret' | 'tables', string> = { secret: '', tables: '' };
  let files: Map<string, string>;

  interface Answer {
    status: number;
    body: Json;
  }

  /** Calls the API, and keeps what it answers when it refuses. */
  async function call(method: string, path: string, body?: unknown, authorization = token): Promise<Answer> {
    const raw = typeof body === 'string' || body instanceof FormData;
    const response = await fetch(api.url + path, {
      method,
      headers: {
        ...(authorization ? { authorization: `Bearer ${authorization}` } : {}),
        ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: raw ? (body as string | FormData) : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status >= 400) refusals.push(`${method} ${path} ${response.status}: ${text}`);
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  async function ended(path: string): Promise<Answer['body']> {
    return await until(async () => {
      const { body } = await call('GET', path);
      return ['completed', 'failed', 'cancelled'].includes(body.state) ? body : null;
    }, 90_000);
  }

  /** Registers, mistypes the password, logs in and makes a key, as somebody whose data is planted. */
  async function openAccount(): Promise<void> {
    const { accountName: name, accountEmail: email } = people;
    const { password } = secrets;
    const organisation = { organisation_name: 'Planted', name, email };
    assert.equal(
      (await call('POST', '/v1/registrations', { ...organisation, password: 'short' })).status,
      400,
    );
    assert.equal((await call('POST', '/v1/registrations', { ...organisation, password })).status, 202);
    const mailed = tokenIn(await mailbox.next(email));
    assert.equal((await call('POST', '/v1/registrations/verify', { token: mailed })).status, 201);
    assert.equal((await call('POST', '/v1/registrations/verify', { token: mailed })).status, 410);
    assert.equal(
      (await call('POST', '/v1/sessions', { email, password: secrets.wrongPassword })).status,
      401,
    );
    token = (await call('POST', '/v1/sessions', { email, password })).body.access_token;
    assert.equal((await call('GET', '/v1/users/me', undefined, secrets.signature)).status, 401);
    const { body: key } = await call('POST', '/v1/api-keys', {
      name: 'planted',
      scopes: ['search:run', 'search:read'],
    });
    stored.secret = key.secret ?? key.key;
    assert.ok(stored.secret);
  }

  /** Imports, searches and batches, each with what fails too: unreadable values, a vendor that breaks down. */
  async function searchForPeople(): Promise<void> {
    const { surname, email, phone, nationalId, unreadableEmail, vendorSays } = people;
    vendor.reply = ({ url }, count) =>
      count % 3 === 0
        ? { status: 500, body: { error: `${vendorSays} ${url} ${secrets.vendorSecret}` } }
        : { body: { people: [{ name: `${vendorSays} ${surname}`, phone, email }] } };
    const made = await call('POST', '/v1/search-providers', {
      kind: 'http',
      name: 'vendor',
      http: {
        kinds: ['phone', 'comprehensive', 'name', 'email'],
        request: {
          url: `${vendor.origin}/v1/lookup?phone={{phone.e164}}&name={{name.full}}`,
          headers: { authorization: 'Bearer {{secret.api_key}}' },
        },
        answer: { people: '/people', fields: { full_name: '/name', phones: ['/phone'], emails: ['/email'] } },
      },
      secrets: { api_key: secrets.vendorSecret },
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { body: set } = await call('POST', '/v1/record-sets', { name: 'people' });
    const header = 'given name,surname,email,phone,national id';
    const row = `Una,${surname},${email},${phone},${nationalId}`;
    const table = `${header}\n${row}\n,,${unreadableEmail},,\nOtto,Other,${people.forgotten},,\n`;
    const { body: imported } = await call(
      'POST',
      `/v1/record-sets/${set.id}/imports`,
      formOf(table, 'people.csv'),
    );
    assert.equal((await ended(`/v1/record-sets/${set.id}/imports/${imported.id}`)).state, 'completed');

    const key = stored.secret;
    const found = await call('POST', '/v1/search/email', { email }, key);
    assert.equal(found.body.status, 'found', JSON.stringify(found.body));
    await call('POST', '/v1/search/phone', { phone }, key);
    await call(
      'POST',
      '/v1/search/comprehensive',
      { given_name: 'Una', surname, national_id: nationalId },
      key,
    );
    assert.equal((await call('POST', '/v1/search/email', { email: unreadableEmail })).status, 422);
    assert.ok((await call('POST', '/v1/search/name', { surname: { planted: surname } })).status >= 400);
    assert.ok((await call('POST', '/v1/search/name', { surname, extra: email })).status >= 400);
    assert.equal((await call('POST', '/v1/search/name', `{"surname": "${surname}" "${email}`)).status, 400);
    assert.equal((await call('GET', `/v1/searches/${found.body.id}`)).status < 500, true);
    assert.equal((await call('GET', '/v1/batches?cursor=nonsense')).status, 400);

    const rows = Array.from({ length: 60 }, (_, index) => `Una${index},${surname},${email},${phone},`);
    for (const kind of ['comprehensive', 'phone']) {
      const file = formOf(`${table}${rows.join('\n')}\n`, 'batch.csv', { kind });
      const { body: batch } = await call('POST', '/v1/batches', file);
      assert.equal((await ended(`/v1/batches/${batch.id}`)).state, 'completed');
    }
    const cut = formOf(`${header}\n"${surname},${email}`, 'cut.csv', { kind: 'comprehensive' });
    const { body: broken } = await call('POST', '/v1/batches', cut);
    if (broken.id) await ended(`/v1/batches/${broken.id}`);
  }

  /** Orders, with notes, and with what is refused of them. */
  async function placeOrders(): Promise<void> {
    const { customerName: name, customerEmail: email, customerStreet: line1, note } = people;
    const order = (change: object = {}) => ({
      currency: 'EUR',
      customer: { email, name },
      shipping_address: { name, line1, city: 'Berlin', country: 'DE' },
      lines: [{ sku: 'MUG', quantity: 1, unit_price: '100' }],
      payment: { mode: 'external', paid: '100' },
      ...change,
    });
    const { body: placed } = await call('POST', '/v1/orders', order());
    const shipped = await until(async () => {
      const { body } = await call('GET', `/v1/orders/${placed.id}`);
      return body.status === 'shipped' ? body : null;
    }, 60_000);
    assert.equal((await call('POST', `/v1/orders/${placed.id}/notes`, { text: note })).status, 201);
    assert.equal((await call('POST', `/v1/orders/${placed.id}/cancel`)).status, 409);
    const tracking = `/v1/orders/${placed.id}/fulfillments/${shipped.fulfillments[0].id}/tracking`;
    const delivered = { status: 'delivered', occurred_at: '2026-11-28T10:00:00Z' };
    assert.equal((await call('POST', tracking, delivered)).status, 200);
    assert.equal((await call('POST', '/v1/orders', order({ currency: email }))).status, 400);
    assert.equal((await call('POST', '/v1/orders', order({ extra: email }))).status, 400);
    const { body: me } = await call('GET', '/v1/users/me');
    const wrong = { organisation_id: me.organisation.id, number: placed.number, email: people.email };
    assert.equal((await call('POST', '/v1/order-lookups', wrong)).status, 404);
    const mail = await mailbox.next(email);
    assert.ok(mail.text.includes(placed.number));
  }

  async function forget(): Promise<void> {
    const { body: wish } = await call('POST', '/v1/erasures', { emails: [people.forgotten] });
    const done = await ended(`/v1/erasures/${wish.id}`);
    assert.deepEqual(found(people, JSON.stringify(done)), []);
    assert.equal(done.report.people, 1);
    assert.equal((await call('POST', '/v1/erasures', { emails: [people.unreadableEmail] })).status, 400);
  }

  async function exportAll(): Promise<void> {
    const { email } = people;
    for (const body of [{ of: 'organisation' }, { of: 'person', person: { emails: [email] } }]) {
      const { body: asked } = await call('POST', '/v1/exports', body);
      const done = await ended(`/v1/exports/${asked.id}`);
      assert.equal(done.state, 'completed');
      assert.deepEqual(found(people, JSON.stringify(done)), []);
    }
  }

  async function dumpTables(): Promise<string> {
    let text = '';
    for (const domain of domains) {
      await base.services.database.read(domain, async ({ sql }) => {
        const tables = await sql<{ name: string }>(
          'select table_name as name from information_schema.tables where table_schema = $1',
          [domain],
        );
        for (const { name } of tables) {
          const rows = await sql<{ row: string }>(`select t::text as row from ${domain}.${name} t`);
          text += rows.map(({ row }) => row).join('\n');
        }
      });
    }
    return text;
  }

  before(async () => {
    folder = await mkdtemp(join(await runFolder(), 'planted-system-'));
    const temporal = await startOwnTemporal({}, { dbFile: join(folder, 'temporal.db') });
    let temporalEnd: Promise<unknown> | undefined;
    const stopTemporal = () => (temporalEnd ??= temporal.stop());
    ends.push(stopTemporal);
    mailbox = await startMailbox();
    ends.push(() => mailbox.close());
    vendor = await startVendor();
    ends.push(() => vendor.close());
    receiver = await startOtlpReceiver();
    ends.push(() => receiver.close());
    base = await startTestApi(() => [], {
      env: { SMTP_URL: mailbox.url, OUTBOUND_ALLOW_PRIVATE: vendor.host },
    });
    ends.push(() => base.close());
    const env = {
      LOG_LEVEL: 'debug',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
    };
    const { config } = base.services;
    [api, workers] = await Promise.all([
      startObserved('api', config, env, domains),
      startObserved('workers', config, env, domains),
    ]);
    ends.push(() => api.stop());
    ends.push(() => workers.stop());

    await openAccount();
    await searchForPeople();
    await placeOrders();
    await forget();
    await exportAll();
    stored.tables = await dumpTables();
    metrics = (
      await Promise.all([api, workers].map(async ({ url }) => (await fetch(`${url}/metrics`)).text()))
    ).join('');
    const { body: me } = await call('GET', '/v1/users/me');
    organisationId = me.organisation.id;
    assert.ok((await ownFiles()).length > 0, 'there are files to erase');
    assert.equal((await call('DELETE', '/v1/organisation?name=Planted')).status, 204);
    const erased = tenantErasureWorkflowId(organisationId);
    await until(async () => {
      const keys = await base.services.database.read('identity', ({ sql }) =>
        sql('select 1 from identity.tenant_keys where tenant_id = $1 and sealed is null', [organisationId]),
      );
      return keys.length > 0 && erased;
    }, 60_000);
    await Promise.all([api.stop(), workers.stop()]);
    await stopTemporal();
    const names = await readdir(folder);
    files = new Map(
      await Promise.all(
        names.map(async (name) => [name, await readFile(join(folder, name), 'latin1')] as const),
      ),
    );
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** Every key names its organisation. A bucket may hold files of other tests, too. */
  const ownFiles = async (): Promise<string[]> => {
    const objects = await Array.fromAsync(base.services.storage.list(''));
    return objects.map(({ key }) => key).filter((key) => key.includes(organisationId));
  };
  const all = (): Record<string, string> => ({ ...people, ...secrets, apiKey: stored.secret });
  const logs = ({ lines }: ObservedProcess): string => lines.map((line) => JSON.stringify(line)).join('\n');

  it('are where they belong: the tables hold the people, and none of the secrets', () => {
    const { surname, email, accountEmail, customerEmail, note } = people;
    const kept = { surname, email, accountEmail, customerEmail, note };
    assert.equal(found(kept, stored.tables).length, 5, 'the search works');
    assert.deepEqual(found({ ...secrets, apiKey: stored.secret }, stored.tables), []);
  });

  it('are in no log of the API and the workers, down to debug', () => {
    for (const process of [api, workers]) {
      assert.ok(process.lines.length > 3);
      assert.deepEqual(found(all(), logs(process)), [], logs(process).slice(0, 200));
    }
  });

  it('are in no span', () => {
    assert.ok(receiver.spans.length > 100);
    assert.deepEqual(found(all(), receiver.text()), []);
  });

  it('are in no metric', () => {
    assert.match(metrics, /perdure|http/);
    assert.deepEqual(found(all(), metrics), []);
  });

  it('are in no answer that refuses', () => {
    assert.ok(refusals.length >= 9, String(refusals.length));
    const told = refusals.map((one) => one.slice(one.indexOf(': ')));
    const echoing = told.filter((one) => found(all(), one).length > 0);
    assert.deepEqual(echoing, []);
  });

  it("are in no history, search attribute or memo: not in the Temporal Service's files at all", () => {
    const content = [...files.values()].join('');
    assert.ok(content.includes('tenant-erasure:'), 'what is in the clear can be found');
    assert.deepEqual(found(all(), content), []);
  });

  it('are gone from every table and file of the organisation once it is deleted, but for the account', async () => {
    const { accountName, accountEmail, ...others } = people;
    await until(async () => found(others, await dumpTables()).length === 0);
    assert.deepEqual(await ownFiles(), []);
    assert.equal(
      found({ accountName, accountEmail }, await dumpTables()).length,
      2,
      "an account is its person's",
    );
  });
});
