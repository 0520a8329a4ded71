import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import type { ClaimedDelivery } from '../../db/webhooks/claims.ts';
import { parseKeyRing, SecretBox } from '../../platform/crypto/secret-box.ts';
import { testEncryptionKeys } from '../../test/support/encryption.ts';
import { pythonVerifier } from '../../test/support/python-verifier.ts';
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

  it('gives up a receiver that hangs, dribbles or resets, a second after the time at the latest', async () => {
    const timeoutMs = 400;
    // Another byte of the headers, or of the body, every now and then: each by itself is in time.
    const dribbler = createServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-Long: ');
      const more = setInterval(() => socket.write('x'), 50);
      socket.on('close', () => clearInterval(more)).on('error', () => undefined);
    });
    await new Promise<void>((resolve) => dribbler.listen(0, '127.0.0.1', resolve));
    const { port } = dribbler.address() as AddressInfo;
    const dribblingBody = createHttpServer((_, response) => {
      response.writeHead(200).write('x');
      const more = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(more));
    });
    await new Promise<void>((resolve) => dribblingBody.listen(0, '127.0.0.1', resolve));
    const body = `127.0.0.1:${(dribblingBody.address() as AddressInfo).port}`;
    const hasty = new Sender({
      keys,
      allowPrivate: [receiver.address, `127.0.0.1:${port}`, body],
      timeoutMs,
    });
    const attemptAt = async (url: string) => (await hasty.send(deliveryTo(url))).attempt;
    try {
      receiver.answers.push('hang', 'reset');
      const hung = await attemptAt(receiver.url);
      const reset = await attemptAt(receiver.url);
      const [slowHeaders, slowBody] = await Promise.all([
        attemptAt(`http://127.0.0.1:${port}/`),
        attemptAt(`http://${body}/`),
      ]);
      assert.deepEqual(
        [hung, reset, slowHeaders, slowBody].map(({ outcome, problem }) => `${outcome} ${problem}`),
        ['failed timeout', 'failed reset', 'failed timeout', 'failed timeout'],
      );
      for (const { milliseconds } of [hung, reset, slowHeaders, slowBody])
        assert.ok((milliseconds ?? 0) <= timeoutMs + 1_000, `${milliseconds} ms`);
    } finally {
      dribbler.close();
      dribblingBody.closeAllConnections();
      dribblingBody.close();
      await hasty.close();
    }
  });

  it('is believed by the library of Standard Webhooks for Python, and what was altered is not', async function () {
    this.timeout(180_000);
    const python = await pythonVerifier();
    if (python === null) return this.skip();
    const secret = newSecret();
    const owner = { tenantId: uuidv7(), endpointId: uuidv7() };
    const sender = new Sender({ keys, allowPrivate: [receiver.address] });
    const before = receiver.received.length;
    try {
      const sealed = sealSecret(box, owner, secret);
      const body = '{"type":"batch.completed","data":{"name":"Łódź 🐶"}}';
      await sender.send({ ...deliveryTo(receiver.url), ...owner, secret: sealed, body });
    } finally {
      await sender.close();
    }
    const got = receiver.received[before];
    assert.ok(got);
    assert.equal(await python(secret, got.headers, got.body), 'verified');
    assert.equal(await python(secret, got.headers, got.body.replace('batch', 'bitch')), 'refused');
    assert.equal(await python(newSecret(), got.headers, got.body), 'refused');
  });
});
