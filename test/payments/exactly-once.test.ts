import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { StripeSimulator } from '../../platform/local/stripe/simulator.ts';
import type { LookupResult, PaymentResult } from '../../platform/payments/processor.ts';
import type { StripeProcessor } from '../../platform/payments/stripe.ts';
import { faultKinds, type FaultKind } from '../../platform/local/simulator/faults.ts';
import { processorAt, startTestStripe, stripeList } from '../support/stripe.ts';

type Step = 'authorize' | 'capture' | 'refund';

/** One thing that happens to the caller or to the vendor. */
type Happening =
  | { kind: 'work' }
  /** The caller dies after its call was sent, and has only what it wrote down. */
  | { kind: 'crash' }
  /** Two attempts at once, as when a worker that was given up for dead still runs. */
  | { kind: 'twice' }
  | { kind: 'fault'; fault: FaultKind; method: 'GET' | 'POST' }
  | { kind: 'restart' }
  | { kind: 'day' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'work' } as const) },
  { weight: 2, arbitrary: fc.constantFrom({ kind: 'crash' } as const, { kind: 'twice' } as const) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom(...faultKinds),
      method: fc.constantFrom('GET' as const, 'POST' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'restart' } as const, { kind: 'day' } as const) },
);

const money = { amount: 5_000n, currency: 'EUR' };

/** Pays and refunds one order as the interface says: write down, call, settle; what is unknown is looked up first. */
class Caller {
  step: Step | 'done' = 'authorize';
  sent = false;
  payment = '';
  readonly sentAt = new Date();
  readonly key = (step: Step) => `${step}:${this.id}`;
  readonly id: string;
  constructor(id: string) {
    this.id = id;
  }

  async call(processor: StripeProcessor): Promise<PaymentResult | LookupResult> {
    const { step, payment } = this;
    assert.ok(step !== 'done');
    const key = this.key(step);
    if (this.sent) {
      const found = await processor.find(
        step === 'authorize'
          ? { operation: step, key, sentAt: this.sentAt }
          : { operation: step, key, payment },
      );
      if (found.outcome !== 'absent') return found;
    }
    this.sent = true;
    if (step === 'authorize') return await processor.authorize({ key, money, paymentMethod: 'pm_card_visa' });
    if (step === 'capture') return await processor.capture({ key, payment, money: half, final: false });
    return await processor.refund({ key, payment, money: quarter });
  }

  settle(step: Step | 'done', result: PaymentResult | LookupResult): void {
    // Settled once, whoever comes with it.
    if (step !== this.step) return;
    if (result.outcome === 'unavailable' || result.outcome === 'unknown') return;
    assert.equal(
      result.outcome,
      'succeeded',
      JSON.stringify(result, (_, value) => String(value)),
    );
    if (result.outcome === 'succeeded' && step === 'authorize') this.payment = result.reference;
    this.step = step === 'authorize' ? 'capture' : step === 'capture' ? 'refund' : 'done';
    this.sent = false;
  }
}

// What is left could take a second capture and a second refund: only the keys keep them away.
const half = { amount: 2_000n, currency: 'EUR' };
const quarter = { amount: 1_000n, currency: 'EUR' };

describe('money moves once per key', () => {
  let simulator: StripeSimulator & { folder: string };
  before(async () => {
    simulator = await startTestStripe();
  });
  after(() => simulator.stop());

  it('however retries, crashes, faults, restarts and lost answers fall together', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 25 }), async (happenings) => {
        runs += 1;
        const caller = new Caller(`${process.pid}-${runs}`);
        let connection = processorAt(simulator.url, { timeoutMs: 60 });
        const work = async () => {
          const { step } = caller;
          if (step !== 'done') caller.settle(step, await caller.call(connection.processor));
        };
        for (const one of happenings) {
          if (one.kind === 'work') await work();
          if (one.kind === 'crash' && caller.step !== 'done') await caller.call(connection.processor);
          if (one.kind === 'twice') await Promise.all([work(), work()]);
          if (one.kind === 'fault')
            simulator.faults.add({
              kind: one.fault,
              method: one.method,
              path: '/',
              times: 1,
              after: 0,
              status: 500,
              milliseconds: 100,
            });
          if (one.kind === 'day') await putClockForward(simulator.url);
          if (one.kind === 'restart') {
            const { folder } = simulator;
            await connection.client.close();
            await simulator.stop();
            simulator = await startTestStripe({ folder });
            connection = processorAt(simulator.url, { timeoutMs: 60 });
          }
        }
        simulator.faults.clear();
        await connection.client.close();
        connection = processorAt(simulator.url);
        for (let rounds = 0; caller.step !== 'done' && rounds < 10; rounds += 1) await work();
        await connection.client.close();
        assert.equal(caller.step, 'done');
        const intents = (
          await stripeList<{ metadata: Record<string, string>; amount_received: number }>(
            simulator.url,
            'payment_intents?limit=100',
          )
        ).filter(({ metadata }) => metadata['idempotency_key'] === caller.key('authorize'));
        assert.equal(intents.length, 1);
        assert.equal(intents[0]?.amount_received, 2_000);
        const refunds = await stripeList<{ amount: number }>(
          simulator.url,
          `refunds?payment_intent=${caller.payment}`,
        );
        assert.deepEqual(
          refunds.map(({ amount }) => amount),
          [1_000],
        );
      }),
      { numRuns: 60 },
    );
  }).timeout(180_000);
});

async function putClockForward(url: string): Promise<void> {
  const response = await fetch(`${url}/_control/clock`, {
    method: 'POST',
    body: JSON.stringify({ seconds: 86_401 }),
  });
  assert.ok(response.ok);
}
