import assert from 'node:assert/strict';
import { v7 as uuidv7 } from 'uuid';
import type { ClaimedDelivery } from '../../db/webhooks/claims.ts';
import { parseKeyRing, SecretBox } from '../../platform/crypto/secret-box.ts';
import { testEncryptionKeys } from '../../test/support/encryption.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../test/support/webhook-receiver.ts';
import { newSecret, sealSecret } from './endpoint-secrets.ts';
import { Sender } from './sender.ts';

const keys = parseKeyRing(testEncryptionKeys);
const box = new SecretBox(keys);

function deliveryTo(url: string): ClaimedDelivery {
  const owner = { tenantId: uuidv7(), endpointId: uuidv7() };
  return {
    ...owner,
    messageId: uuidv7(),
    subject: 'batch:1',
    claim: uuidv7(),
    claimedAt: new Date().toISOString(),
    attempt: 1,
    failed: 0,
    trigger: 'event',
    type: 'batch.completed',
    body: '{}',
    url,
    secret: sealSecret(box, owner, newSecret()),
    oldSecrets: [],
    headers: null,
    occurredAt: new Date().toISOString(),
    lostSince: null,
  };
}

describe('a sender of messages', () => {
  let receiver: WebhookReceiver;
  before(async () => {
    receiver = await startWebhookReceiver();
  });
  after(() => receiver?.close());

  it('reaches no private address, also not by a name whose second answer is another', async () => {
    const { port } = new URL(receiver.url);
    const answers = ['93.184.216.34', '127.0.0.1'];
    let asked = 0;
    const rebinding = new Sender({
      keys,
      allowPrivate: [],
      resolve: () => Promise.resolve([{ address: answers[Math.min(asked++, 1)] ?? '', family: 4 }]),
    });
    const inside = new Sender({
      keys,
      allowPrivate: [],
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    try {
      // What a name has led to is asked once a connection, and the connection goes to that very address.
      const { attempt } = await inside.send(deliveryTo(`https://hooks.example.com:${port}/`));
      assert.deepEqual([attempt.outcome, attempt.problem], ['failed', 'blocked_ip']);
      asked = 1;
      const second = await rebinding.send(deliveryTo(`https://hooks.example.com:${port}/`));
      assert.equal(second.attempt.problem, 'blocked_ip');
      for (const host of ['169.254.169.254', '[::ffff:127.0.0.1]', '[64:ff9b::a9fe:a9fe]', '2130706433']) {
        const { attempt: direct } = await inside.send(deliveryTo(`https://${host}:${port}/`));
        assert.equal(direct.problem, 'blocked_ip', host);
      }
    } finally {
      await inside.close();
      await rebinding.close();
    }
    assert.equal(receiver.received.length, 0);
  });

  it('tells that a secret can no longer be opened, and sends nothing unsigned', async () => {
    const sender = new Sender({ keys, allowPrivate: [receiver.address] });
    try {
      const { attempt } = await sender.send({ ...deliveryTo(receiver.url), tenantId: uuidv7() });
      assert.deepEqual([attempt.outcome, attempt.problem], ['failed', 'secret_unreadable']);
    } finally {
      await sender.close();
    }
    assert.equal(receiver.received.length, 0);
  });

  it('keeps of an answer what a database can hold', async () => {
    const sender = new Sender({ keys, allowPrivate: [receiver.address] });
    receiver.answers.push({ status: 200, headers: { 'set-cookie': 'a=b' }, body: 'a\0b' });
    try {
      const { attempt } = await sender.send(deliveryTo(receiver.url));
      assert.equal(attempt.responseBody, 'a\uFFFDb');
      assert.equal(attempt.responseHeaders?.['set-cookie'], '********');
    } finally {
      await sender.close();
    }
  });
});
