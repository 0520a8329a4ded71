import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { parseKeyRing } from './secret-box.ts';
import { webhookHeaders, webhookSecret } from './webhook-signature.ts';

describe('Webhook signatures', () => {
  it('are those of Standard Webhooks', () => {
    // The example of the specification's reference libraries.
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const at = new Date(1_614_265_330_000);
    const headers = webhookHeaders(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', '{"test": 2432232314}', at);
    assert.equal(headers['webhook-timestamp'], '1614265330');
    assert.equal(headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('have a secret a subject and a key, the same each time', () => {
    const [one, other] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
    const before = parseKeyRing(`a:${one}`);
    const after = parseKeyRing(`b:${other},a:${one}`);
    const secret = webhookSecret(before, 'a', 'batch:1');
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.equal(webhookSecret(after, 'a', 'batch:1'), secret);
    assert.notEqual(webhookSecret(after, 'b', 'batch:1'), secret);
    assert.notEqual(webhookSecret(before, 'a', 'batch:2'), secret);
    assert.throws(() => webhookSecret(before, 'b', 'batch:1'));
  });
});
