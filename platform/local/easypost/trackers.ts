import { z } from 'zod';
import { EasyPostError } from './easypost-error.ts';
import { read, type EasyPostWorld } from './world.ts';

interface Detail {
  object: 'TrackingDetail';
  message: string;
  status: string;
  status_detail: string;
  datetime: string;
  source: string;
  tracking_location: {
    object: 'TrackingLocation';
    city: string | null;
    state: string | null;
    country: string | null;
    zip: null;
  };
}

export interface SimulatedTracker {
  id: string;
  object: 'Tracker';
  mode: 'test';
  tracking_code: string;
  status: string;
  status_detail: string;
  created_at: string;
  updated_at: string;
  signed_by: string | null;
  weight: number;
  est_delivery_date: string | null;
  shipment_id: string | null;
  carrier: string;
  public_url: string;
  tracking_details: Detail[];
}

interface Place {
  city?: string | undefined;
  state?: string | null | undefined;
  country?: string | undefined;
}

/** What a step is in EasyPost's words. */
const steps: Readonly<Record<string, { status: string; detail: string; message: string }>> = {
  label_created: { status: 'pre_transit', detail: 'label_created', message: 'Label created' },
  picked_up: { status: 'in_transit', detail: 'received_at_origin_facility', message: 'Picked up' },
  in_transit: { status: 'in_transit', detail: 'departed_facility', message: 'On the way' },
  out_for_delivery: { status: 'out_for_delivery', detail: 'out_for_delivery', message: 'Out for delivery' },
  delivered: { status: 'delivered', detail: 'arrived_at_destination', message: 'Delivered' },
  delayed: { status: 'in_transit', detail: 'weather_delay', message: 'Delayed by the weather' },
  attempted_delivery: {
    status: 'out_for_delivery',
    detail: 'delivery_exception',
    message: 'Nobody was there',
  },
  ready_for_pickup: {
    status: 'available_for_pickup',
    detail: 'arrived_at_pickup_location',
    message: 'Ready to be picked up',
  },
  lost: { status: 'failure', detail: 'lost', message: 'Lost' },
  damaged: { status: 'failure', detail: 'damaged', message: 'Damaged' },
  return_to_sender: { status: 'return_to_sender', detail: 'return', message: 'On its way back' },
};

/** The way of a parcel that meets no trouble. */
const way = ['label_created', 'picked_up', 'in_transit', 'out_for_delivery', 'delivered'] as const;

const following = z.object({
  tracker: z.object({ tracking_code: z.string().min(1), carrier: z.string().optional() }),
});

export class Trackers {
  readonly #world: EasyPostWorld;

  constructor(world: EasyPostWorld) {
    this.#world = world;
  }

  start(
    code: string,
    carrier: string,
    shipment: { id: string; parcel: { weight: number }; from_address: Place } | null,
  ): SimulatedTracker {
    const id = this.#world.id('trk');
    const now = new Date().toISOString();
    const tracker: SimulatedTracker = {
      id,
      object: 'Tracker',
      mode: 'test',
      tracking_code: code,
      status: 'pre_transit',
      status_detail: 'label_created',
      created_at: now,
      updated_at: now,
      signed_by: null,
      weight: shipment?.parcel.weight ?? 16,
      est_delivery_date: null,
      shipment_id: shipment?.id ?? null,
      carrier,
      public_url: `https://track.easypost.example/${id}`,
      tracking_details: [],
    };
    this.#append(tracker, 'label_created', now, shipment?.from_address ?? {});
    this.#keep(tracker, 'tracker.created');
    return tracker;
  }

  /** A parcel whose label was bought elsewhere. */
  follow(body: unknown): SimulatedTracker {
    const { tracking_code: code, carrier = 'USPS' } = read(following, body).tracker;
    const [known] = this.byCode(code);
    return known ?? this.start(code, carrier, null);
  }

  get(id: string): SimulatedTracker {
    const found = this.#world.journal.get<SimulatedTracker>('trackers', id) ?? this.byCode(id)[0];
    if (!found) throw new EasyPostError(404, 'NOT_FOUND', 'The requested resource could not be found.');
    return found;
  }

  byCode(code: string | null): SimulatedTracker[] {
    const all = this.#world.journal.list<SimulatedTracker>('trackers');
    return all.filter((one) => code === null || one.tracking_code === code);
  }

  /** The next step of the way, or the named one. One that is dated back is told late, and is not what holds. */
  advance(
    id: string,
    { to, datetime }: { to?: string | undefined; datetime?: string | undefined },
  ): SimulatedTracker {
    const tracker = this.get(id);
    const last = tracker.tracking_details.at(-1);
    const at = way.findLastIndex((name) => {
      const { status, detail } = steps[name] ?? {};
      return tracker.tracking_details.some((one) => one.status === status && one.status_detail === detail);
    });
    const name = to ?? way[at + 1];
    if (name === undefined || !Object.hasOwn(steps, name))
      throw new EasyPostError(422, 'PARAMETER.INVALID', to ? 'There is no such step.' : 'The way is over.');
    // Not two at the same moment, so that their order is plain.
    const next = new Date(Math.max(Date.now(), Date.parse(last?.datetime ?? '1970-01-01') + 1_000));
    this.#append(tracker, name, datetime ?? next.toISOString(), {});
    this.#keep(tracker, 'tracker.updated');
    return tracker;
  }

  /** Moves every parcel a step that is on its way and has met with no trouble. What was bought elsewhere stays. */
  moveAll(isTaken: (shipmentId: string) => boolean): void {
    const under = ['pre_transit', 'in_transit', 'out_for_delivery'];
    for (const { id, status, shipment_id: shipment } of this.byCode(null))
      if (under.includes(status) && shipment !== null && isTaken(shipment)) this.advance(id, {});
  }

  #append(tracker: SimulatedTracker, name: string, datetime: string, place: Place): void {
    const { status = '', detail = '', message = '' } = steps[name] ?? {};
    tracker.tracking_details.push({
      object: 'TrackingDetail',
      message,
      status,
      status_detail: detail,
      datetime,
      source: tracker.carrier,
      tracking_location: {
        object: 'TrackingLocation',
        city: place.city ?? null,
        state: place.state ?? null,
        country: place.country ?? null,
        zip: null,
      },
    });
    tracker.tracking_details.sort((a, b) => a.datetime.localeCompare(b.datetime));
    const latest = tracker.tracking_details.at(-1);
    tracker.status = latest?.status ?? status;
    tracker.status_detail = latest?.status_detail ?? detail;
    tracker.updated_at = new Date().toISOString();
  }

  #keep(tracker: SimulatedTracker, description: string): void {
    this.#world.journal.put('trackers', tracker.id, tracker);
    this.#world.emit(description, tracker);
  }
}
