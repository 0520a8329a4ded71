import { setTimeout as pause } from 'node:timers/promises';
import type { VendorReply, VendorRequest } from '../support/vendor.ts';
import type { Scenario } from './scenarios.ts';
import { honest, type ProviderPatience } from './stage.ts';

/** Of a customer who waits a second for its vendor and leaves it alone after a few failures. */
const patience: ProviderPatience = { timeoutMs: 1_000, breaker: { failures: 5, cooldownMs: 1_000 } };

/** Answers that are none: each must be found out, and neither be billed nor taken for "nobody is known". */
const lies: readonly VendorReply[] = [
  { raw: '{"people": [{"name": "Ada Love' },
  { raw: '<html><body>Welcome!</body></html>', headers: { 'content-type': 'text/html' } },
  { raw: '' },
  { raw: '"ok"' },
  { raw: '42' },
  { body: { people: 'Ada Lovelace', final: true } },
  { body: { people: 7, final: true } },
  { body: { people: ['Ada', 'Grace'], final: true } },
  { raw: '{}', headers: { 'content-length': '1000' } },
  { raw: '{}', headers: { 'content-encoding': 'gzip' } },
  { raw: '{"people": [], "final"', headers: { 'content-length': '900' }, reset: true },
  { status: 302, headers: { location: 'http://127.0.0.1:1/elsewhere' } },
];

const refusals: readonly VendorReply[] = [
  { status: 429 },
  { status: 500 },
  { status: 429, headers: { 'retry-after': '1' } },
  { status: 503, headers: { 'retry-after': '1' } },
  { status: 502, raw: 'Bad gateway' },
];

/** Every second answer is bad, so that rows fail between others that don't. */
function everySecond(bad: (count: number) => VendorReply | Promise<VendorReply>) {
  return (request: VendorRequest, count: number): VendorReply | Promise<VendorReply> =>
    count % 2 === 0 ? honest(request) : bad((count - 1) / 2);
}

function inTurns(replies: readonly VendorReply[]): (count: number) => VendorReply {
  return (count) => replies[count % replies.length] as VendorReply;
}

function badVendor(
  name: string,
  reply: (
    healed: AbortSignal,
  ) => (request: VendorRequest, count: number) => VendorReply | Promise<VendorReply>,
): Scenario {
  return {
    name: `the vendor ${name}`,
    kind: 'vendor',
    lasts: 6,
    patience,
    failsRows: true,
    strike: async ({ vendor }) => {
      const healed = new AbortController();
      vendor.reply = reply(healed.signal);
      return async () => {
        vendor.reply = honest;
        healed.abort();
      };
    },
  };
}

export const badVendors: readonly Scenario[] = [
  // All of them: its circuit opens, and rows wait.
  badVendor('hangs', (healed) => async () => {
    await pause(600_000, undefined, { signal: healed }).catch(() => undefined);
    return { reset: true };
  }),
  badVendor('resets connections', () => everySecond(() => ({ reset: true }))),
  badVendor('lies', () => everySecond(inTurns(lies))),
  badVendor('answers 429, 500 and the like', () => everySecond(inTurns(refusals))),
  badVendor('answers after the time-out', (healed) => async (request, count) => {
    if (count % 2 === 1)
      await pause(patience.timeoutMs * 1.5, undefined, { signal: healed }).catch(() => undefined);
    return honest(request);
  }),
];
