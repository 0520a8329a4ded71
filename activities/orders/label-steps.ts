import { moveFulfillment } from '../../db/orders/fulfillments.ts';
import type { OpenOrder } from '../../db/orders/open-order.ts';
import { failFulfillment } from '../../db/orders/order-steps.ts';
import type { Fulfillment, Order, ProcessProblem } from '../../db/orders/order.ts';
import {
  prepareParcel,
  waitForMeasures,
  type ParcelFacts,
  type PreparedParcel,
} from '../../db/orders/parcels.ts';
import { Failure } from '../../domain/failure.ts';
import { isBeforeShipping } from '../../domain/orders/fulfillment-status.ts';
import { labelRetrySeconds, mostLabelTries, mostVoidTries } from '../../domain/orders/label-retry.ts';
import type { CarrierCalls, Label } from '../../services/orders/outside.ts';
import type { OfFulfillment, OrderChanges } from './order-changes.ts';

const byHand: PreparedParcel = { kind: 'by_hand' };

/** The labels of packages. As with payments, a call is written down, made, and settled; after a lost answer it is looked up. */
export class LabelSteps {
  readonly #orders: OrderChanges;
  readonly #carrier: CarrierCalls | null;

  constructor(orders: OrderChanges, carrier: CarrierCalls | null) {
    this.#orders = orders;
    this.#carrier = carrier;
  }

  /** Gets a package ready to leave: with a label, or without where it goes by hand. */
  async buy(input: OfFulfillment): Promise<Order> {
    const carrier = this.#carrier;
    const call: { parcel: ParcelFacts | null; isRepeated: boolean; isDue: boolean } = {
      parcel: null,
      isRepeated: false,
      isDue: false,
    };
    const order = await this.#orders.changeOne(input, async (open, one) => {
      if (one.status !== 'allocated' || open.order.status === 'on_hold' || one.labelState === 'waiting')
        return;
      call.isRepeated = one.labelState === 'requested';
      // What brings its own tracking number has a label already.
      const isTheirs = carrier !== null && one.trackingNumber === null;
      const prepared = isTheirs ? await prepareParcel(open, one) : byHand;
      if (prepared.kind === 'parcel') call.parcel = prepared;
      call.isDue = call.isRepeated || prepared.kind === 'parcel';
      if (call.isRepeated) return;
      if (prepared.kind === 'by_hand') return moveFulfillment(open, one, 'packed');
      if (prepared.kind === 'lacking') return waitForMeasures(open, one, prepared.problem);
      one.labelState = 'requested';
      open.touchFulfillment(one);
    });
    const one = order.fulfillments.find(({ id }) => id === input.fulfillmentId);
    if (!one || !call.isDue) return order;
    if (!carrier) throw notConfigured();
    let label: Label | null;
    try {
      label = call.isRepeated ? await carrier.findLabel(labelKey(one)) : null;
      if (label === null && call.parcel)
        label = await carrier.buyLabel({ key: labelKey(one), ...call.parcel });
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'orders.carrier_refused') throw error;
      return await this.#refuse(input, error.message);
    }
    return await this.#orders.changeOne(input, (open, now) => {
      if (label) {
        // Another attempt was faster. What has become of the label since then stays.
        if (now.labelRef === label.reference || isSettled(now)) return;
        keepLabel(open, now, label);
        if (now.status === 'allocated') moveFulfillment(open, now, 'packed');
      } else if (now.labelState === 'requested') {
        // None was bought, and none can be any more. It is looked at again as it is now.
        now.labelState = 'none';
        open.touchFulfillment(now);
      }
    });
  }

  /** Gives a package up that the carrier has not answered about. If it has sold a label all the same, that is given back. */
  async giveUp(input: OfFulfillment): Promise<Order> {
    return await this.#fail(input, unreachable);
  }

  /** The carrier could not be reached. It is left alone for a while; and after many tries for good. */
  async postpone(input: OfFulfillment): Promise<Order> {
    return await this.#orders.changeOne(input, async (open, one) => {
      const doing = one.status === 'allocated' ? 'buy' : 'void';
      if (doing === 'void' && (isBeforeShipping(one.status) || !hasLabel(one))) return;
      open.touchFulfillment(one);
      one.labelTries += 1;
      if (one.labelTries < (doing === 'buy' ? mostLabelTries : mostVoidTries))
        one.labelRetryAt = new Date(open.now.getTime() + labelRetrySeconds(one.labelTries, doing) * 1_000);
      else if (doing === 'buy') await failFulfillment(open, one, refusal(unreachable));
      else one.labelState = 'kept';
    });
  }

  /** Gives the label of a package back that was called off. */
  async void(input: OfFulfillment): Promise<Order> {
    const order = await this.#orders.read(input);
    const one = order.fulfillments.find(({ id }) => id === input.fulfillmentId);
    if (!one || !hasLabel(one)) return order;
    if (!this.#carrier) throw notConfigured();
    const reference = one.labelRef ?? (await this.#carrier.findLabel(labelKey(one)))?.reference ?? null;
    const taken = reference === null ? null : await this.#carrier.voidLabel(reference);
    return await this.#orders.changeOne(input, (open, now) => {
      now.labelState = taken === null ? 'refused' : taken ? 'voided' : 'kept';
      open.touchFulfillment(now);
    });
  }

  async #refuse(input: OfFulfillment, message: string): Promise<Order> {
    return await this.#fail(input, message, (open, one) => {
      one.labelState = 'refused';
      open.touchFulfillment(one);
    });
  }

  async #fail(
    input: OfFulfillment,
    message: string,
    before: (open: OpenOrder, one: Fulfillment) => void = () => undefined,
  ): Promise<Order> {
    return await this.#orders.changeOne(input, async (open, one) => {
      before(open, one);
      if (isBeforeShipping(one.status)) await failFulfillment(open, one, refusal(message));
    });
  }
}

const unreachable = 'The carrier could not be reached.';

function refusal(message: string): ProcessProblem {
  return { code: 'orders.carrier_refused', message };
}

/** It has one of the carrier's, or may have one whose answer was lost. */
function hasLabel({ labelState }: Fulfillment): boolean {
  return labelState === 'requested' || labelState === 'bought';
}

/** The carrier has taken it back, or will not. */
function isSettled({ labelState }: Fulfillment): boolean {
  return labelState === 'voided' || labelState === 'kept';
}

function notConfigured(): Failure {
  return new Failure('service.unavailable', 'The carrier of the label is not configured.');
}

function labelKey({ id }: Fulfillment): string {
  return `label:${id}`;
}

function keepLabel(open: OpenOrder, one: Fulfillment, label: Label): void {
  one.labelState = 'bought';
  one.labelTries = 0;
  one.labelRetryAt = null;
  one.labelRef = label.reference;
  one.carrier = label.carrier;
  one.service = label.service;
  one.trackingNumber = label.trackingNumber;
  one.trackingUrl = label.trackingUrl;
  one.labelUrl = label.labelUrl;
  one.labelCost = label.cost;
  // As webhooks name it, which may speak of it from now on.
  const names = [`tracking:${label.trackingNumber}`];
  if (label.trackerReference) names.push(`easypost:tracker:${label.trackerReference}`);
  open.tell('order.external_ids_added', { external_ids: names });
  open.touchFulfillment(one);
}
