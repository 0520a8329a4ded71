import { z } from 'zod';
import { EasyPostError } from './easypost-error.ts';
import type { Trackers } from './trackers.ts';
import { read, type EasyPostWorld } from './world.ts';

const address = z.looseObject({
  street1: z.string().min(1),
  city: z.string().min(1),
  country: z.string().length(2),
  state: z.string().nullish(),
});
const newShipment = z.object({
  shipment: z.object({
    to_address: address,
    from_address: address,
    parcel: z.looseObject({ weight: z.number().positive() }),
    reference: z.string().nullish(),
  }),
});
const purchase = z.object({ rate: z.object({ id: z.string() }) });

interface Rate {
  id: string;
  object: 'Rate';
  carrier: string;
  service: string;
  rate: string;
  currency: string;
  delivery_days: number;
}

export interface SimulatedShipment {
  id: string;
  object: 'Shipment';
  mode: 'test';
  created_at: string;
  reference: string | null;
  to_address: z.output<typeof address>;
  from_address: z.output<typeof address>;
  parcel: { weight: number };
  rates: Rate[];
  selected_rate: Rate | null;
  postage_label: { object: 'PostageLabel'; label_url: string; label_pdf_url: string } | null;
  tracking_code: string | null;
  tracker: { id: string; object: 'Tracker'; public_url: string } | null;
  refund_status: 'submitted' | 'refunded' | 'rejected' | null;
}

/** What a city is called where carriers refuse: at once, or only when the label is bought. */
const nowhere = 'Not A City';
const refusing = 'No Label City';

/** Shipments, their rates and labels. What a parcel costs depends on its weight alone. */
export class Shipments {
  readonly #world: EasyPostWorld;
  readonly #trackers: Trackers;

  constructor(world: EasyPostWorld, trackers: Trackers) {
    this.#world = world;
    this.#trackers = trackers;
  }

  create(body: unknown): SimulatedShipment {
    const { to_address, from_address, parcel, reference } = read(newShipment, body).shipment;
    if (to_address.city === nowhere)
      throw new EasyPostError(422, 'ADDRESS.VERIFY.FAILURE', 'Unable to verify address.');
    const id = this.#world.id('shp');
    const made: SimulatedShipment = {
      id,
      object: 'Shipment',
      mode: 'test',
      created_at: new Date().toISOString(),
      reference: reference ?? null,
      to_address,
      from_address,
      parcel: { weight: parcel.weight },
      // Heavier than 150 pounds goes by no parcel service.
      rates: parcel.weight > 2_400 ? [] : this.#rates(parcel.weight),
      selected_rate: null,
      postage_label: null,
      tracking_code: null,
      tracker: null,
      refund_status: null,
    };
    this.#world.journal.put('shipments', id, made);
    return made;
  }

  /** By id or reference, as EasyPost has it; of several with one reference the one that was bought. */
  get(id: string): SimulatedShipment {
    const known = this.#world.journal.get<SimulatedShipment>('shipments', id);
    if (known) return known;
    const named = this.#world.journal
      .list<SimulatedShipment>('shipments')
      .filter(({ reference }) => reference === id);
    const found = named.find(({ postage_label: label }) => label !== null) ?? named[0];
    if (!found) throw new EasyPostError(404, 'NOT_FOUND', 'The requested resource could not be found.');
    return found;
  }

  buy(id: string, body: unknown): SimulatedShipment {
    const { rate } = read(purchase, body);
    const shipment = this.get(id);
    if (shipment.postage_label)
      throw new EasyPostError(422, 'SHIPMENT.POSTAGE.EXISTS', 'Postage already exists for this shipment.');
    const chosen = shipment.rates.find((one) => one.id === rate.id);
    if (!chosen) throw new EasyPostError(422, 'RATE.NOT_FOUND', 'There is no such rate.');
    if (shipment.to_address.city === refusing)
      throw new EasyPostError(422, 'SHIPMENT.POSTAGE.FAILURE', 'Unable to buy postage.');
    const code = `EZ${BigInt(`0x${shipment.id.slice(4, 16)}`)
      .toString()
      .padStart(16, '0')}`;
    const tracker = this.#trackers.start(code, chosen.carrier, shipment);
    shipment.selected_rate = chosen;
    shipment.tracking_code = code;
    shipment.tracker = { id: tracker.id, object: 'Tracker', public_url: tracker.public_url };
    const url = `${this.#world.url}/labels/${shipment.id}.pdf`;
    shipment.postage_label = { object: 'PostageLabel', label_url: url, label_pdf_url: url };
    this.#world.journal.put('shipments', shipment.id, shipment);
    return shipment;
  }

  /** Whether the carrier has the parcel, or will have it: its label was not given back. */
  isTaken(id: string): boolean {
    return this.get(id).refund_status === null;
  }

  refund(id: string): SimulatedShipment {
    const shipment = this.get(id);
    if (!shipment.tracking_code)
      throw new EasyPostError(422, 'SHIPMENT.REFUND.UNAVAILABLE', 'There is no postage to refund.');
    if (this.#trackers.get(shipment.tracker?.id ?? '').status !== 'pre_transit')
      throw new EasyPostError(422, 'SHIPMENT.REFUND.UNAVAILABLE', 'The label has been used.');
    shipment.refund_status ??= 'submitted';
    this.#world.journal.put('shipments', shipment.id, shipment);
    return shipment;
  }

  #rates(weight: number): Rate[] {
    const rate = (carrier: string, service: string, base: number, days: number): Rate => ({
      id: this.#world.id('rate'),
      object: 'Rate',
      carrier,
      service,
      rate: (base + weight * 0.05).toFixed(2),
      currency: 'USD',
      delivery_days: days,
    });
    return [
      rate('USPS', 'Express', 26, 1),
      rate('USPS', 'GroundAdvantage', 5, 4),
      rate('FedEx', 'FEDEX_GROUND', 9, 3),
    ];
  }
}
