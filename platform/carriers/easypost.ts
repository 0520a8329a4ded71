import type { z } from 'zod';
import { VendorApi } from '../http/vendor-api.ts';
import type { OutboundClient } from '../http/outbound.ts';
import type {
  Carrier,
  CarrierRefusal,
  CarrierResult,
  Label,
  LabelCall,
  PostalAddress,
  Rate,
  Shipment,
  Tracking,
} from './carrier.ts';
import { refusalMessages, refusalOf } from './easypost-errors.ts';
import { failedAnswer, shipment, tracker, trackerPage, type EasyPostShipment } from './easypost-objects.ts';
import { labelOf, rateOf, trackingOf } from './easypost-results.ts';

export interface EasyPostOptions {
  apiKey: string;
  /** Default https://api.easypost.com. */
  baseUrl?: string;
  client: OutboundClient;
  /** After this long an outcome is unknown. Labels take carriers long. Default 40,000. */
  timeoutMs?: number;
  opensAfter?: number;
  probesAfterMs?: number;
}

interface Wanted {
  method: 'GET' | 'POST';
  path: string;
  body?: object;
  /** Of a question nothing can be unknown: not answered, it is to be asked again. */
  asks?: true;
  signal?: AbortSignal | undefined;
}

/**
 * EasyPost by plain HTTPS. It knows no idempotency keys, so a label's key is the `reference` of its shipment: a label is
 * bought in two calls, the first of which costs nothing, and EasyPost sells a shipment's postage once.
 */
export class EasyPostCarrier implements Carrier {
  readonly name = 'easypost';
  readonly #api: VendorApi;

  constructor({ apiKey, baseUrl = 'https://api.easypost.com', client, ...limits }: EasyPostOptions) {
    this.#api = new VendorApi({
      baseUrl,
      client,
      headers: { authorization: `Basic ${Buffer.from(`${apiKey}:`).toString('base64')}` },
      guard: {
        timeoutMs: limits.timeoutMs ?? 40_000,
        concurrency: 20,
        queue: 200,
        opensAfter: limits.opensAfter ?? 10,
        probesAfterMs: limits.probesAfterMs ?? 10_000,
      },
    });
  }

  async rates(wanted: Shipment, signal?: AbortSignal): Promise<CarrierResult<Rate[]>> {
    const made = await this.#create(wanted, null, signal);
    if (made.outcome !== 'succeeded') return made;
    const rates = made.value.rates.map(rateOf);
    return { outcome: 'succeeded', value: rates.toSorted((a, b) => (a.amount < b.amount ? -1 : 1)) };
  }

  async buyLabel(call: LabelCall): Promise<CarrierResult<Label>> {
    const known = await this.#shipmentOf(call.key, call.signal);
    if (known.outcome !== 'succeeded') return known;
    const made = known.value
      ? { outcome: 'succeeded' as const, value: known.value }
      : await this.#create(call, call.key, call.signal);
    if (made.outcome !== 'succeeded') return made;
    const bought = labelOf(made.value);
    if (bought) return { outcome: 'succeeded', value: bought };
    const cheapest = made.value.rates.toSorted((a, b) => Number(a.rate) - Number(b.rate));
    const chosen =
      cheapest.find(
        ({ carrier, service }) =>
          carrier === (call.carrier ?? carrier) && service === (call.service ?? service),
      ) ?? cheapest[0];
    if (!chosen) return refused('no_rates');
    const answer = await this.#send(
      {
        method: 'POST',
        path: `/v2/shipments/${encodeURIComponent(made.value.id)}/buy`,
        body: { rate: { id: chosen.id } },
        signal: call.signal,
      },
      shipment,
    );
    if (answer.outcome !== 'succeeded') return answer;
    const label = labelOf(answer.value);
    return label
      ? { outcome: 'succeeded', value: label }
      : { outcome: 'unknown', reason: 'answer_without_label' };
  }

  async findLabel(key: string, signal?: AbortSignal): Promise<CarrierResult<Label | null>> {
    const found = await this.#shipmentOf(key, signal);
    if (found.outcome !== 'succeeded') return found;
    return { outcome: 'succeeded', value: found.value ? labelOf(found.value) : null };
  }

  async voidLabel(reference: string, signal?: AbortSignal): Promise<CarrierResult<'voided' | 'submitted'>> {
    const path = `/v2/shipments/${encodeURIComponent(reference)}`;
    const known = await this.#send({ method: 'GET', path, asks: true, signal }, shipment, 'label_not_found');
    if (known.outcome !== 'succeeded') return known;
    const standing = voidedAs(known.value);
    if (standing) return { outcome: 'succeeded', value: standing };
    const answer = await this.#send({ method: 'POST', path: `${path}/refund`, body: {}, signal }, shipment);
    if (answer.outcome !== 'succeeded') return answer;
    const now = voidedAs(answer.value);
    return now ? { outcome: 'succeeded', value: now } : refused('label_not_refundable');
  }

  async track(
    wanted: { reference: string | null; trackingNumber: string; carrier: string | null },
    signal?: AbortSignal,
  ): Promise<CarrierResult<Tracking>> {
    if (wanted.reference !== null) {
      const path = `/v2/trackers/${encodeURIComponent(wanted.reference)}`;
      const found = await this.#send(
        { method: 'GET', path, asks: true, signal },
        tracker,
        'tracker_not_found',
      );
      return found.outcome === 'succeeded' ? { outcome: 'succeeded', value: trackingOf(found.value) } : found;
    }
    const query = new URLSearchParams({
      tracking_code: wanted.trackingNumber,
      ...(wanted.carrier ? { carrier: wanted.carrier } : {}),
    });
    const found = await this.#send(
      { method: 'GET', path: `/v2/trackers?${query.toString()}`, asks: true, signal },
      trackerPage,
    );
    if (found.outcome !== 'succeeded') return found;
    const [first] = found.value.trackers;
    return first ? { outcome: 'succeeded', value: trackingOf(first) } : refused('tracker_not_found');
  }

  async #shipmentOf(key: string, signal?: AbortSignal): Promise<CarrierResult<EasyPostShipment | null>> {
    const path = `/v2/shipments/${encodeURIComponent(key)}`;
    const found = await this.#send({ method: 'GET', path, asks: true, signal }, shipment, 'label_not_found');
    if (found.outcome === 'refused' && found.code === 'label_not_found')
      return { outcome: 'succeeded', value: null };
    return found;
  }

  async #create(
    { from, to, parcel }: Shipment,
    reference: string | null,
    signal?: AbortSignal,
  ): Promise<CarrierResult<EasyPostShipment>> {
    const body = {
      shipment: {
        to_address: addressOf(to),
        from_address: addressOf(from),
        parcel: {
          // EasyPost weighs in ounces and measures in inches, to a tenth.
          weight: Math.max(0.1, tenths(parcel.weightGrams / 28.349_523_125)),
          ...(parcel.lengthMm === null ? {} : { length: tenths(parcel.lengthMm / 25.4) }),
          ...(parcel.widthMm === null ? {} : { width: tenths(parcel.widthMm / 25.4) }),
          ...(parcel.heightMm === null ? {} : { height: tenths(parcel.heightMm / 25.4) }),
        },
        ...(reference === null ? {} : { reference }),
      },
    };
    // Only asked for its rates it has no effect; under a key a second one would.
    const asks = reference === null ? ({ asks: true } as const) : {};
    return await this.#send({ method: 'POST', path: '/v2/shipments', body, ...asks, signal }, shipment);
  }

  async #send<T extends z.ZodType>(
    { method, path, body, asks, signal }: Wanted,
    shape: T,
    absent: CarrierRefusal = 'request_invalid',
  ): Promise<CarrierResult<z.output<T>>> {
    const exchange = await this.#api.send({
      method,
      path,
      signal,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    if (exchange.kind === 'unsent') {
      const { reason, retryAfterSeconds } = exchange;
      return { outcome: 'unavailable', reason, retryAfterSeconds };
    }
    const unclear: CarrierResult<never> = asks
      ? { outcome: 'unavailable', reason: 'unreachable', retryAfterSeconds: null }
      : { outcome: 'unknown', reason: exchange.kind === 'lost' ? exchange.reason : 'answer_unreadable' };
    if (exchange.kind === 'lost') return unclear;
    if (exchange.status >= 200 && exchange.status < 300) {
      const known = shape.safeParse(exchange.body);
      return known.success ? { outcome: 'succeeded', value: known.data } : unclear;
    }
    if (exchange.status === 404) return refused(absent);
    const failure = failedAnswer.safeParse(exchange.body);
    return failure.success ? refused(refusalOf(exchange.status, failure.data.error.code)) : unclear;
  }
}

function refused(code: CarrierRefusal): CarrierResult<never> {
  return { outcome: 'refused', code, message: refusalMessages[code] };
}

function voidedAs({ refund_status: status }: EasyPostShipment): 'voided' | 'submitted' | null {
  if (status === 'refunded') return 'voided';
  return status === 'submitted' ? 'submitted' : null;
}

function tenths(value: number): number {
  return Math.ceil(value * 10) / 10;
}

function addressOf(address: PostalAddress): Record<string, string | null> {
  const { name, company, street1, street2, city, region, postalCode, country, phone, email } = address;
  return { name, company, street1, street2, city, state: region, zip: postalCode, country, phone, email };
}
