import assert from 'node:assert/strict';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { Failure } from '../../domain/failure.ts';
import { parseKeyRing } from '../crypto/secret-box.ts';
import { keyIdEntry, SealingPayloadCodec } from './payload-codec.ts';

const key = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;
const codecOf = (...keys: string[]) => new SealingPayloadCodec(parseKeyRing(keys.join(',')));
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) as Payload;
const valueOf = (payload: Payload | undefined): unknown =>
  payload && defaultPayloadConverter.fromPayload(payload);

async function sealed(codec: SealingPayloadCodec, value: unknown): Promise<Payload> {
  const [payload] = await codec.encode([payloadOf(value)]);
  assert.ok(payload);
  return payload;
}

const code = (expected: string) => (error: unknown) => error instanceof Failure && error.code === expected;

describe('the payload codec', () => {
  const codec = codecOf(key('k1', 1));

  it('gives every payload back as it was', async () => {
    const values = [
      { a: 'ü', n: [1, null] },
      undefined,
      null,
      '',
      new Uint8Array([0, 255]),
      'x'.repeat(100_000),
    ];
    const payloads = values.map(payloadOf);
    const decoded = await codec.decode(await codec.encode(payloads));
    assert.deepEqual(decoded.map(valueOf), values);
    assert.deepEqual(
      decoded.map(({ metadata }) => Buffer.from(metadata?.['encoding'] ?? []).toString()),
      payloads.map(({ metadata }) => Buffer.from(metadata?.['encoding'] ?? []).toString()),
    );
    assert.deepEqual(await codec.encode([]), []);
  });

  it('shows nothing but the name of the key, and no two payloads alike', async () => {
    const [one, two] = [await sealed(codec, 'planted'), await sealed(codec, 'planted')];
    assert.deepEqual(
      Object.entries(one.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString()]),
      [
        ['encoding', 'binary/encrypted'],
        [keyIdEntry, 'ring:k1'],
      ],
    );
    assert.equal(Buffer.from(one.data ?? []).includes('planted'), false);
    assert.notDeepEqual(one.data, two.data);
  });

  it('compresses where that makes it smaller', async () => {
    const size = async (value: unknown) => (await sealed(codec, value)).data?.length ?? 0;
    assert.ok((await size('abc '.repeat(10_000))) < 500);
    const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(10_000)));
    assert.ok((await size(new Uint8Array(noise))) < 10_000 + 100);
  });

  it('opens what an older key has sealed, and seals with the newer one', async () => {
    const before = await sealed(codec, 'old');
    const between = codecOf(key('k1', 1), key('k2', 2));
    const after = codecOf(key('k2', 2), key('k1', 1));
    assert.deepEqual((await after.decode([before])).map(valueOf), ['old']);
    const renewed = await sealed(after, 'new');
    // A worker that knows the new key and does not use it yet.
    assert.deepEqual((await between.decode([renewed])).map(valueOf), ['new']);
    await assert.rejects(codec.decode([renewed]), code('codec.key_unknown'));
    await assert.rejects(codecOf(key('k2', 2)).decode([before]), code('codec.key_unknown'));
  });

  it('refuses a payload with a bit changed anywhere', async () => {
    const payload = await sealed(codec, 'planted');
    for (let at = 0; at < (payload.data?.length ?? 0); at += 1) {
      const data = Buffer.from(payload.data ?? []);
      data[at] = (data[at] ?? 0) ^ 1;
      const expected = at === 0 ? 'codec.payload_malformed' : 'codec.payload_altered';
      await assert.rejects(codec.decode([{ ...payload, data }]), code(expected), `byte ${at}`);
    }
  });

  it('refuses a payload that is cut, or bears the name of another key', async () => {
    const payload = await sealed(codec, 'planted');
    for (const length of [0, 1, 29]) {
      const data = Buffer.from(payload.data ?? []).subarray(0, length);
      await assert.rejects(codec.decode([{ ...payload, data }]), code('codec.payload_malformed'));
    }
    const named = (id: string): Payload => ({
      ...payload,
      metadata: { ...payload.metadata, [keyIdEntry]: Buffer.from(id) },
    });
    const same = codecOf(key('k1', 1), key('k2', 1));
    await assert.rejects(same.decode([named('ring:k2')]), code('codec.payload_altered'));
    await assert.rejects(codec.decode([named('tenant:x:1')]), code('codec.key_unknown'));
    await assert.rejects(codec.decode([named('k1')]), code('codec.payload_malformed'));
    await assert.rejects(
      codec.decode([{ metadata: { encoding: Buffer.from('binary/encrypted') } }]),
      code('codec.payload_malformed'),
    );
  });

  it('lets pass what was never encrypted', async () => {
    const plain = payloadOf({ from: 'before' });
    assert.deepEqual(await codec.decode([plain, {}]), [plain, {}]);
  });
});
