import assert from 'node:assert/strict';
import { auditExport } from '../db/audit/export.ts';
import { designsExport } from '../db/designs/export.ts';
import { readExportedRows, type ExportedFile } from '../db/exported-file.ts';
import { identityExport } from '../db/identity/export.ts';
import { notificationsExport } from '../db/notifications/export.ts';
import { ordersExport } from '../db/orders/export.ts';
import { searchExport } from '../db/search/export.ts';
import { v7 as uuidv7 } from 'uuid';
import { webhooksExport } from '../db/webhooks/export.ts';
import { domains, type Domain } from '../domain/domains.ts';
import { testDatabase, type TestDatabase } from './support/database.ts';

const filesOf: Record<Domain, readonly ExportedFile[]> = {
  identity: identityExport,
  search: searchExport,
  webhooks: webhooksExport,
  orders: ordersExport,
  notifications: notificationsExport,
  designs: designsExport,
  audit: auditExport,
};

const messages = 'The audit log has every event; commands are kept for a day.';
const machinery = 'How far the machinery has come; nothing of the tenant.';
const derived = 'Made from what is exported.';
const erased = 'Numbers for the report of an erasure, which is exported.';
const secret = 'A secret, or of use only with one.';

/** What no export holds, each with its reason. */
const leftOut: Record<string, string> = {
  'identity.migrations': machinery,
  'identity.outbox': messages,
  'identity.outbox_deliveries': messages,
  'identity.commands': messages,
  'identity.signing_keys': secret,
  'identity.tenant_keys': secret,
  'identity.refresh_tokens': secret,
  'identity.registrations': 'Not an account yet, or one by now.',
  'identity.rate_limits': machinery,
  'identity.login_throttle': machinery,
  'audit.migrations': machinery,
  'search.migrations': machinery,
  'search.outbox': messages,
  'search.outbox_deliveries': messages,
  'search.commands': messages,
  'search.cache_entries': 'Answers of vendors, kept for an hour.',
  'search.flights': machinery,
  'search.person_keys': derived,
  'search.terms': derived,
  'search.spellings': derived,
  'search.statistics_due': machinery,
  'search.provider_meters': machinery,
  'search.provider_leases': machinery,
  'search.provider_health': machinery,
  'search.provider_samples': machinery,
  'orders.migrations': machinery,
  'orders.outbox': messages,
  'orders.outbox_deliveries': messages,
  'orders.commands': messages,
  'orders.erasure_counts': erased,
  'notifications.migrations': machinery,
  'notifications.outbox': messages,
  'notifications.outbox_deliveries': messages,
  'notifications.commands': messages,
  'notifications.erasure_counts': erased,
  'notifications.feeds': derived,
  'notifications.feed_changes': derived,
  'designs.migrations': machinery,
  'designs.outbox': messages,
  'designs.outbox_deliveries': messages,
  'designs.commands': messages,
  'webhooks.endpoint_health': machinery,
  'webhooks.inbound_waits': machinery,
  'webhooks.known_subjects': derived,
  'webhooks.migrations': machinery,
  'webhooks.outbox': messages,
  'webhooks.outbox_deliveries': messages,
  'webhooks.commands': messages,
  'webhooks.erasure_counts': erased,
  'search.inline_files': 'Files that were sent, and results of them; their rows are exported.',
  'search.batch_chunks': machinery,
  'search.batch_events': 'The audit log tells the same.',
  'search.erasure_marks': 'Whom to forget: never told.',
};

describe('exports', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase();
  });
  after(() => db?.close());

  it('can read each of their files, from the beginning', async () => {
    const nobody = { tenantId: uuidv7(), userId: uuidv7() };
    for (const domain of domains)
      for (const file of filesOf[domain]) {
        const read = db.database.read(domain, ({ sql }) => readExportedRows(sql, file, nobody, null, 10));
        assert.deepEqual(await read.catch((error: Error) => `${file.name}: ${error.message}`), []);
      }
  });

  it('hold every table of every domain, but for what is left out with a reason', async () => {
    for (const domain of domains) {
      const exported = new Set(
        filesOf[domain].flatMap(({ select, from }) =>
          [...`${select} ${from}`.matchAll(new RegExp(String.raw`\b${domain}\.(\w+)`, 'g'))].map(
            ([name]) => name,
          ),
        ),
      );
      const tables = await db.database.read(domain, ({ sql }) =>
        sql<{ name: string }>(
          `select table_schema || '.' || table_name as name from information_schema.tables where table_schema = $1`,
          [domain],
        ),
      );
      assert.ok(tables.length > 1);
      for (const { name } of tables)
        assert.notEqual(exported.has(name), name in leftOut, `${name} is exported or left out, and not both`);
    }
  });
});
