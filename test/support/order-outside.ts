import type { PaymentOutcome } from '../../db/orders/payments.ts';
import type { CarrierReport } from '../../db/orders/fulfillments.ts';
import { Failure } from '../../domain/failure.ts';
import type { CarrierCalls, Label, PaymentCalls } from '../../services/orders/outside.ts';

export interface MadeCall {
  kind: string;
  key: string;
  amount: bigint;
}

/** A payment processor that keeps what it has done by key, counts calls, and can lose its answers. */
export class TestProcessor implements PaymentCalls {
  readonly available = true;
  readonly calls: MadeCall[] = [];
  readonly done = new Map<string, PaymentOutcome & { kind: string; amount: bigint }>();
  /** Answers to lose after the effect: each call of this kind fails so many times more. */
  readonly loses = new Map<string, number>();
  declines = new Set<string>();

  make: PaymentCalls['make'] = async (order, payment) => {
    this.calls.push({ kind: payment.kind, key: payment.id, amount: payment.amount });
    const known = this.done.get(payment.id);
    const declined = this.declines.has(payment.kind) || order.payment.method === `declined_${payment.kind}`;
    const reference = `ref_${payment.id}`;
    const unconfirmed = payment.kind === 'authorize' && order.payment.method === 'to_confirm';
    const outcome: PaymentOutcome = declined
      ? { outcome: 'declined', code: 'card_declined' }
      : unconfirmed
        ? { outcome: 'action_required', reference, action: 'sealed' }
        : { outcome: 'succeeded', reference };
    if (!known) this.done.set(payment.id, { ...outcome, kind: payment.kind, amount: payment.amount });
    const loses = this.loses.get(payment.kind) ?? 0;
    if (loses > 0) {
      this.loses.set(payment.kind, loses - 1);
      throw new Error('The answer was lost.');
    }
    return known ?? outcome;
  };

  find: PaymentCalls['find'] = async (_order, payment) => this.done.get(payment.id) ?? null;

  /** The customers confirm what their banks have asked them about. */
  confirm(): void {
    for (const [id, one] of this.done)
      if (one.outcome === 'action_required')
        this.done.set(id, {
          kind: one.kind,
          amount: one.amount,
          outcome: 'succeeded',
          reference: one.reference,
        });
  }

  /** What has taken effect, of a kind. */
  effects(kind: string): bigint[] {
    return [...this.done.values()]
      .filter((one) => one.kind === kind && one.outcome === 'succeeded')
      .map(({ amount }) => amount);
  }
}

/** A carrier that keeps its labels by key. It takes no parcel to Antarctica. */
export class TestCarrier implements CarrierCalls {
  readonly labels = new Map<string, Label>();
  readonly voided = new Set<string>();
  readonly says = new Map<string, CarrierReport[]>();
  /** Where parcels were to go, in the order in which their labels were sold. */
  readonly streets = new Set<string>();
  /** It can't be heard: what it is asked for it does all the same. */
  isAway = false;

  async buyLabel(parcel: Parameters<CarrierCalls['buyLabel']>[0]): Promise<Label> {
    const label = this.#label(parcel);
    if (this.isAway) throw new Error('The answer was lost.');
    return label;
  }

  #label(parcel: Parameters<CarrierCalls['buyLabel']>[0]): Label {
    if (parcel.to.country === 'AQ')
      throw new Failure('orders.carrier_refused', 'The carrier does not go there.');
    const number = `TRK${parcel.key.slice(-12)}`;
    const label: Label = this.labels.get(parcel.key) ?? {
      reference: `shp_${parcel.key}`,
      trackerReference: null,
      carrier: 'TestPost',
      service: 'standard',
      trackingNumber: number,
      trackingUrl: `https://carrier.example/${number}`,
      labelUrl: null,
      cost: { amount: 490n, currency: 'EUR' },
    };
    this.labels.set(parcel.key, label);
    this.streets.add(parcel.to.line1);
    return label;
  }

  async findLabel(key: string): Promise<Label | null> {
    if (this.isAway) throw new Error('The carrier is away.');
    return this.labels.get(key) ?? null;
  }

  async voidLabel(reference: string): Promise<boolean> {
    this.voided.add(reference);
    return true;
  }

  async reports({ trackingNumber }: { trackingNumber: string | null }): Promise<CarrierReport[]> {
    return this.says.get(trackingNumber ?? '') ?? [];
  }
}
