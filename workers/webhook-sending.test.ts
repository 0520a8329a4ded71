import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { createWebhookMessageConsumer } from '../activities/webhooks/message-consumer.ts';
import { EndpointRepository } from '../db/webhooks/endpoint.repository.ts';
import { parseKeyRing, SecretBox } from '../platform/crypto/secret-box.ts';
import { createMetrics } from '../platform/metrics.ts';
import { newSecret, sealSecret } from '../services/webhooks/endpoint-secrets.ts';
import { Sender } from '../services/webhooks/sender.ts';
import { testDatabase, type TestDatabase } from '../test/support/database.ts';
import { testEncryptionKeys } from '../test/support/encryption.ts';
import { until } from '../test/support/until.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../test/support/webhook-receiver.ts';
import { Relay } from './relay.ts';
import { WebhookSending } from './webhook-sending.ts';

/** Longer than any test: what no notice tells of stays where it is. */
const sweepMilliseconds = 600_000;

describe('the way from an event to an endpoint', () => {
  const tenantId = uuidv7();
  const keys = parseKeyRing(testEncryptionKeys);
  let db: TestDatabase;
  let receiver: WebhookReceiver;
  const ends: (() => Promise<void>)[] = [];
  before(async () => {
    db = await testDatabase({ of: ['search', 'webhooks'] });
    receiver = await startWebhookReceiver();
  });
  after(async () => {
    await receiver?.close();
    for (const end of ends) await end();
    await db?.close();
  });

  async function makeEndpoint(path: string): Promise<void> {
    const id = uuidv7();
    await db.database.transaction('webhooks', ({ sql }) =>
      new EndpointRepository(sql, tenantId).insert({
        id,
        url: `http://${receiver.address}${path}`,
        description: '',
        eventTypes: ['batch.*'],
        payloadVersion: 1,
        ordering: 'none',
        ratePerSecond: null,
        headers: null,
        secret: sealSecret(new SecretBox(keys), { tenantId, endpointId: id }, newSecret()),
        createdBy: uuidv7(),
        state: 'enabled',
      }),
    );
  }

  it('is gone by notices alone: of the commit to the relay, of the relay to the senders', async () => {
    await makeEndpoint('/answers');
    await makeEndpoint('/hangs');
    receiver.reply = ({ path }) => (path === '/hangs' ? 'hang' : 204);
    const log = pino({ level: 'silent' });
    const { database } = db;
    const metrics = createMetrics('test');
    const relay = new Relay({
      database,
      domains: ['search'],
      consumers: { 'webhook-messages': { ...createWebhookMessageConsumer({ database }), together: true } },
      log,
      metrics,
      sweepMilliseconds,
    });
    const sender = new Sender({ keys, allowPrivate: [receiver.address] });
    const sending = new WebhookSending({ database, sender, log, metrics, sweepMilliseconds });
    ends.push(
      () => relay.stop(),
      () => sending.stop(),
    );
    relay.start();
    sending.start();
    const happen = (subject: string) =>
      database.transaction('search', ({ publish }) =>
        publish({ type: 'search.batch_submitted', tenantId, subject, data: { run: 0 } }),
      );
    // One by one, so that each meets loops at rest; then many at once, so that they come amid looks.
    for (let n = 1; n <= 12; n += 1) {
      await happen(`batch:${n}`);
      await until(() => receiver.at('/answers').length === n);
    }
    await Promise.all(Array.from({ length: 30 }, (_, n) => happen(`batch:more-${n}`)));
    await until(() => receiver.at('/answers').length === 42);
  });
});
