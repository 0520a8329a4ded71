import type { VendorRequest } from '../simulator/server.ts';
import { ApiError, invalid, missing } from './api-error.ts';
import type { FormObject } from './form.ts';
import type { PaymentIntents, SimulatedIntent } from './payment-intents.ts';
import type { Refunds } from './refunds.ts';
import type { StripeEvent, WebhookEndpoint, World } from './world.ts';

export interface StripeParts {
  world: World;
  intents: PaymentIntents;
  refunds: Refunds;
}

/** The API's routes: what is returned is the answer, what is raised is its error. */
export function serveStripe(request: VendorRequest, form: FormObject, parts: StripeParts): unknown {
  const { world, intents, refunds } = parts;
  const [, , kind = '', id = '', verb = ''] = request.path.split('/').map(decodeURIComponent);
  const shown = (intent: SimulatedIntent) => expanded(intent, form, intents);
  switch (`${request.method} ${kind}${id && '/:id'}${verb && `/${verb}`}`) {
    case 'POST payment_intents':
      return shown(intents.create(form));
    case 'GET payment_intents':
      return paged(request, form, intents.all());
    case 'GET payment_intents/:id':
      if (id === 'search') return searched(request, form, intents.all());
      return shown(intents.get(id));
    case 'POST payment_intents/:id/confirm':
      return shown(intents.confirm(id, form));
    case 'POST payment_intents/:id/capture':
      return shown(intents.capture(id, form));
    case 'POST payment_intents/:id/cancel':
      return shown(intents.cancel(id));
    case 'POST refunds':
      return refunds.create(form);
    case 'GET refunds':
      return paged(request, form, refunds.of(textOf(form, 'payment_intent')));
    case 'GET refunds/:id':
      return refunds.get(id);
    case 'GET events':
      return paged(request, form, eventsOf(world, form));
    case 'GET events/:id': {
      const event = world.journal.get<StripeEvent>('events', id);
      if (!event) throw missing('event', id);
      return event;
    }
    case 'POST webhook_endpoints':
      return createEndpoint(world, form);
    case 'GET webhook_endpoints': {
      const endpoints = world.journal.list<WebhookEndpoint>('webhook_endpoints');
      // The secret is shown when it is made, and never again.
      const hidden = endpoints.map((endpoint) => ({ ...endpoint, secret: undefined }));
      return paged(request, form, hidden);
    }
    case 'DELETE webhook_endpoints/:id':
      if (!world.journal.get('webhook_endpoints', id)) throw missing('webhook_endpoint', id);
      world.journal.delete('webhook_endpoints', id);
      return { id, object: 'webhook_endpoint', deleted: true };
    default:
      throw new ApiError(
        404,
        { message: `Unrecognized request URL (${request.method}: ${request.path}).` },
        false,
      );
  }
}

function createEndpoint(world: World, form: FormObject): WebhookEndpoint {
  const url = textOf(form, 'url');
  if (url === null || !URL.canParse(url)) throw invalid('url', 'Invalid URL.', 'url_invalid');
  const types = Object.values((form['enabled_events'] as FormObject | undefined) ?? {}).map(String);
  if (types.length === 0) throw invalid('enabled_events', 'Missing required param: enabled_events.');
  const endpoint: WebhookEndpoint = {
    id: world.id('we'),
    object: 'webhook_endpoint',
    url,
    enabled_events: types,
    secret: `whsec_${world.id('s').slice(2)}`,
    status: 'enabled',
    created: world.now(),
  };
  world.journal.put('webhook_endpoints', endpoint.id, endpoint);
  return endpoint;
}

function eventsOf(world: World, form: FormObject): StripeEvent[] {
  const type = textOf(form, 'type');
  const types = Object.values((form['types'] as FormObject | undefined) ?? {}).map(String);
  return world.journal
    .list<StripeEvent>('events')
    .filter((event) => type === null || matches(event.type, type))
    .filter((event) => types.length === 0 || types.some((one) => matches(event.type, one)))
    .toReversed();
}

function matches(type: string, wanted: string): boolean {
  return wanted.endsWith('.*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}

function expanded(intent: SimulatedIntent, form: FormObject, intents: PaymentIntents): unknown {
  const wanted = Object.values((form['expand'] as FormObject | undefined) ?? {});
  const expands = wanted.includes('latest_charge') && intent.latest_charge !== null;
  return expands ? { ...intent, latest_charge: intents.charge(intent) } : intent;
}

/** Search by one field of the metadata, which is all that is asked for. */
function searched(request: VendorRequest, form: FormObject, all: SimulatedIntent[]): unknown {
  const query = /^metadata\['(?<name>[^']+)'\]:'(?<value>(?:\\.|[^\\'])*)'$/.exec(
    textOf(form, 'query') ?? '',
  );
  if (!query?.groups) throw invalid('query', 'The simulator searches by one field of the metadata.');
  const { name = '', value = '' } = query.groups;
  const wanted = value.replaceAll(/\\(.)/g, '$1');
  const data = all.filter(({ metadata }) => metadata[name] === wanted).slice(0, limitOf(form));
  return { object: 'search_result', url: request.path, has_more: false, data };
}

function paged<T extends { id: string; created: number }>(
  request: VendorRequest,
  form: FormObject,
  all: T[],
): unknown {
  const created = (form['created'] as FormObject | undefined) ?? {};
  const within = all.filter(
    (one) =>
      one.created >= Number(created['gte'] ?? 0) &&
      one.created > Number(created['gt'] ?? -1) &&
      one.created <= Number(created['lte'] ?? Infinity) &&
      one.created < Number(created['lt'] ?? Infinity),
  );
  const after = textOf(form, 'starting_after');
  const before = textOf(form, 'ending_before');
  const limit = limitOf(form);
  const from = after === null ? 0 : within.findIndex(({ id }) => id === after) + 1;
  const to = before === null ? within.length : within.findIndex(({ id }) => id === before);
  const start = before === null ? from : Math.max(0, to - limit);
  const data = within.slice(start, Math.min(to, start + limit));
  const has_more = before === null ? start + limit < to : start > 0;
  return { object: 'list', url: request.path, has_more, data };
}

function limitOf(form: FormObject): number {
  const limit = Number(form['limit'] ?? 10);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw invalid('limit', 'Invalid limit.');
  return limit;
}

function textOf(form: FormObject, name: string): string | null {
  const value = form[name];
  return typeof value === 'string' ? value : null;
}
