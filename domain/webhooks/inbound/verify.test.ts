import * as easypost from '@easypost/api';
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { Stripe } from 'stripe';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { fromEasyPost, fromShopify, sample, type SentWebhook } from '../../../test/support/senders.ts';
import { Failure, type FailureDetails } from '../../failure.ts';
import type { InboundRequest } from './request.ts';
import type { SourceKind, Verifier } from './source.ts';
import { provingSecret } from './verify.ts';

/** Its types name the class where it is not. */
const EasyPost = (easypost as unknown as { default: new (key: string) => EasyPostClient }).default;
interface EasyPostClient {
  Utils: { validateWebhook(body: Buffer, headers: Record<string, string>, secret: string): object };
}

const now = new Date('2026-11-28T12:00:00Z');
const seconds = Math.floor(now.getTime() / 1_000);

function requestOf({ body, headers }: SentWebhook): InboundRequest {
  return { body: Buffer.from(body), headers, now };
}

/** The secret that proves a request, or the code of the refusal. */
function outcome(
  kind: SourceKind | 'other',
  sent: SentWebhook,
  secrets: string[],
  verifier: Verifier | null = null,
): string {
  try {
    return provingSecret({ kind: kind as SourceKind, verifier }, requestOf(sent), secrets);
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    return (error as Failure & { details: FailureDetails }).code;
  }
}

describe('what proves that a webhook is of its source', () => {
  const body = sample('stripe.payment_intent.succeeded.json');

  it('Shopify: the HMAC over the raw bytes, in base64', () => {
    const order = sample('orders__create.bigint.json');
    const sent = fromShopify(order, { secret: 'of the shop', shop: 'a.myshopify.com' });
    assert.equal(outcome('shopify', sent, ['another', 'of the shop']), 'of the shop');
    const serialised = { ...sent, body: JSON.stringify(JSON.parse(order)) };
    assert.equal(outcome('shopify', serialised, ['of the shop']), 'webhooks.signature_invalid');
    const altered = { ...sent, body: order.replace('SKU2006-001', 'SKU2006-002') };
    assert.equal(outcome('shopify', altered, ['of the shop']), 'webhooks.signature_invalid');
    const { 'x-shopify-hmac-sha256': _, ...headers } = sent.headers;
    assert.equal(outcome('shopify', { body: order, headers }, ['of the shop']), 'webhooks.signature_missing');
  });

  it('Stripe: as its own library signs and verifies, and stricter in time', async () => {
    const stripe = new Stripe('sk_test_none');
    const sign = (secret: string, timestamp = seconds): SentWebhook => ({
      body,
      headers: {
        'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp }),
      },
    });
    assert.equal(outcome('stripe', sign('whsec_b'), ['whsec_a', 'whsec_b']), 'whsec_b');
    assert.equal(outcome('stripe', sign('whsec_b'), ['whsec_a']), 'webhooks.signature_invalid');
    assert.equal(outcome('stripe', sign('whsec_a', seconds - 300), ['whsec_a']), 'whsec_a');
    for (const late of [-301, 301, 3_600, -3_600])
      assert.equal(
        outcome('stripe', sign('whsec_a', seconds + late), ['whsec_a']),
        'webhooks.timestamp_out_of_tolerance',
      );
    const header = (value: string): SentWebhook => ({ body, headers: { 'stripe-signature': value } });
    const good = createHmac('sha256', 'whsec_a').update(`${seconds}.${body}`).digest('hex');
    assert.equal(outcome('stripe', header(`t=${seconds},v1=00,v1=${good}`), ['whsec_a']), 'whsec_a');
    for (const wrong of [`t=${seconds},v0=${good}`, `v1=${good}`, `t=${seconds}`, 'nonsense'])
      assert.equal(outcome('stripe', header(wrong), ['whsec_a']), 'webhooks.signature_missing', wrong);
    // What we take, Stripe's library takes.
    const sent = sign('whsec_a');
    const event = await stripe.webhooks.constructEventAsync(
      body,
      sent.headers['stripe-signature'] ?? '',
      'whsec_a',
      300,
      undefined,
      seconds * 1_000,
    );
    assert.equal(event.type, 'payment_intent.succeeded');
  });

  it('EasyPost: as its own library verifies, with a secret beyond ASCII', () => {
    const secret = 'sécret';
    const sent = fromEasyPost(secret, {
      eventId: 'evt_1',
      tracker: 'trk_1',
      status: 'in_transit',
      updatedAt: '2026-11-28T11:00:00Z',
    });
    assert.equal(outcome('easypost', sent, ['other', secret]), secret);
    const client = new EasyPost('none');
    const signature = { 'X-Hmac-Signature': sent.headers['x-hmac-signature'] ?? '' };
    assert.ok(client.Utils.validateWebhook(Buffer.from(sent.body), signature, secret));
    assert.equal(
      outcome('easypost', { ...sent, body: sent.body.replace('in_transit', 'delivered') }, [secret]),
      'webhooks.signature_invalid',
    );
    // A whole weight is signed as a decimal.
    const signed = sent.body.replace('614.4', '614.0');
    const mac = createHmac('sha256', secret.normalize('NFKD')).update(signed).digest('hex');
    const whole: SentWebhook = {
      body: sent.body.replace('614.4', '614'),
      headers: { 'x-hmac-signature': `hmac-sha256-hex=${mac}` },
    };
    assert.equal(outcome('easypost', whole, [secret]), secret);
    const theirs = { 'X-Hmac-Signature': whole.headers['x-hmac-signature'] ?? '' };
    assert.ok(client.Utils.validateWebhook(Buffer.from(whole.body), theirs, secret));
  });

  it('Standard Webhooks: as its own library and Svix sign', () => {
    const verifier: Verifier = { scheme: 'standard_webhooks' };
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const sign = (library: { sign(id: string, at: Date, text: string): string }, at = now): SentWebhook => ({
      body,
      headers: {
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': `v1a,AAAA ${library.sign('msg_1', at, body)}`,
      },
    });
    for (const library of [new StandardWebhook(secret), new SvixWebhook(secret)]) {
      assert.equal(outcome('generic', sign(library), ['whsec_AAAA', secret], verifier), secret);
      const late = sign(library, new Date(now.getTime() - 301_000));
      assert.equal(outcome('generic', late, [secret], verifier), 'webhooks.timestamp_out_of_tolerance');
    }
    const other = sign(new StandardWebhook(`whsec_${randomBytes(32).toString('base64')}`));
    assert.equal(outcome('generic', other, [secret], verifier), 'webhooks.signature_invalid');
  });

  it('generic: HMAC in either writing, Basic, and a key', () => {
    const mac = (algorithm: string) => createHmac(algorithm, 'secret').update(body);
    const cases: [Verifier, Record<string, string>][] = [
      [
        { scheme: 'hmac', header: 'X-Sig', algorithm: 'sha512', encoding: 'base64', prefix: '' },
        { 'x-sig': mac('sha512').digest('base64') },
      ],
      [
        { scheme: 'hmac', header: 'X-Sig', algorithm: 'sha256', encoding: 'hex', prefix: 'sha256=' },
        { 'x-sig': `sha256=${mac('sha256').digest('hex')}` },
      ],
      [
        { scheme: 'basic', username: 'sender' },
        { authorization: `Basic ${Buffer.from('sender:secret').toString('base64')}` },
      ],
      [{ scheme: 'key', header: 'X-Api-Key' }, { 'x-api-key': 'secret' }],
    ];
    for (const [verifier, headers] of cases) {
      assert.equal(outcome('generic', { body, headers }, ['old', 'secret'], verifier), 'secret');
      assert.equal(outcome('generic', { body, headers }, ['old'], verifier), 'webhooks.signature_invalid');
      assert.equal(
        outcome('generic', { body, headers: {} }, ['secret'], verifier),
        'webhooks.signature_missing',
      );
    }
  });

  it('nothing, for a verifier or a kind that is not known here', () => {
    const sent = { body, headers: { 'x-api-key': 'secret' } };
    const unknown = { scheme: 'mutual_tls' } as unknown as Verifier;
    assert.equal(outcome('generic', sent, ['secret'], unknown), 'webhooks.signature_invalid');
    assert.equal(outcome('generic', sent, ['secret'], null), 'webhooks.signature_invalid');
    assert.equal(outcome('other', sent, ['secret']), 'webhooks.signature_invalid');
    assert.equal(
      outcome('generic', sent, [], { scheme: 'key', header: 'X-Api-Key' }),
      'webhooks.signature_invalid',
    );
  });
});
