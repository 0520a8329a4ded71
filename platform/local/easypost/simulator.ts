import { createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { Faults, fault } from '../simulator/faults.ts';
import { Journal } from '../simulator/journal.ts';
import { Pace } from '../simulator/pace.ts';
import type { Receiver } from '../simulator/receiver.ts';
import {
  startVendorServer,
  type VendorAnswer,
  type VendorRequest,
  type VendorServer,
} from '../simulator/server.ts';
import { WebhookSender } from '../simulator/webhook-sender.ts';
import { EasyPostError } from './easypost-error.ts';
import { labelOf } from './label.ts';
import { Shipments } from './shipments.ts';
import { Trackers } from './trackers.ts';
import { read, type EasyPostWorld } from './world.ts';

export interface EasyPostSimulatorOptions {
  /** Its objects are kept here, and are there again after a restart. */
  folder: string;
  /** 0 or none: a free one. */
  port?: number;
  /** Waits before the attempts at a webhook after the first, in milliseconds. */
  webhookWaits?: readonly number[];
  /** Gets every event from now on, in place of the one of an earlier start. */
  receiver?: Receiver | null;
  /** Parcels go a step of their way by themselves each time so many seconds have passed; null or none: never. */
  stepSeconds?: number | null;
}

export interface EasyPostSimulator extends VendorServer {
  faults: Faults;
  webhooks: WebhookSender;
}

interface Hook {
  id: string;
  object: 'Webhook';
  url: string;
  webhook_secret: string;
  created_at: string;
}

const newHook = z.object({ webhook: z.object({ url: z.url(), webhook_secret: z.string().min(1) }) });
const pacing = z.strictObject({ seconds: z.number().min(0.1).max(86_400).nullable() });
const step = z.strictObject({ to: z.string().optional(), datetime: z.iso.datetime().optional() });

/**
 * The parts of EasyPost's API that we use: shipments, labels, refunds, trackers and signed webhooks, and with faults on demand.
 * Parcels move when the control endpoint says so, and by themselves at the pace that is set.
 *
 * - `POST /_control/faults` a fault (see `faults.ts`), `GET` those that wait, `DELETE` ends them
 * - `POST /_control/trackers/{id or number}/advance` the next step, or the one that `to` names: `picked_up`, `in_transit`,
 *   `out_for_delivery`, `delivered`, `delayed`, `attempted_delivery`, `ready_for_pickup`, `lost`, `damaged`,
 *   `return_to_sender`; `datetime` dates it, also back
 * - `POST /_control/pace` sets how many `seconds` parcels take for a step by themselves; null: they don't move. Answers with
 *   what it was
 */
export async function startEasyPostSimulator(options: EasyPostSimulatorOptions): Promise<EasyPostSimulator> {
  const journal = await Journal.open(join(options.folder, 'easypost.jsonl'));
  const webhooks = new WebhookSender({
    journal,
    sign: (secret, body) => ({ 'x-hmac-signature': easyPostSignature(secret, body) }),
    ...(options.webhookWaits ? { waits: options.webhookWaits } : {}),
  });
  const world: EasyPostWorld = {
    journal,
    id: (prefix) => `${prefix}_${randomBytes(16).toString('hex')}`,
    emit: (description, result) => emit(world, webhooks, description, result),
    url: '',
  };
  if (options.receiver) register(world, options.receiver);
  const trackers = new Trackers(world);
  const shipments = new Shipments(world, trackers);
  const faults = new Faults();
  const pace = new Pace(() => trackers.moveAll((id) => shipments.isTaken(id)));

  const serve = (request: VendorRequest): VendorAnswer => {
    const { method, path, query } = request;
    if (path === '/healthz') return { status: 200, body: { status: 'ok' } };
    const [, space = '', kind = '', id = '', verb = ''] = path.split('/').map(decodeURIComponent);
    if (method === 'GET' && space === 'labels') return labelFile(shipments, kind);
    const body = jsonOf(request.body);
    const route = `${method} ${space === '_control' ? '_control ' : ''}${kind}${id && '/:id'}${verb && `/${verb}`}`;
    if (space !== '_control') authorize(request);
    switch (route) {
      case 'POST _control faults':
        faults.add(read(fault, body));
        return { status: 201, body: { faults: faults.waiting } };
      case 'GET _control faults':
        return { status: 200, body: { faults: faults.waiting } };
      case 'DELETE _control faults':
        faults.clear();
        return { status: 200, body: { faults: [] } };
      case 'POST _control trackers/:id/advance':
        return { status: 200, body: trackers.advance(id, read(step, body)) };
      case 'POST _control pace': {
        const before = pace.seconds;
        pace.set(read(pacing, body).seconds);
        return { status: 200, body: { seconds: before } };
      }
      case 'POST shipments':
        return { status: 201, body: shipments.create(body) };
      case 'GET shipments/:id':
        return { status: 200, body: shipments.get(id) };
      case 'POST shipments/:id/buy':
        return { status: 200, body: shipments.buy(id, body) };
      case 'POST shipments/:id/refund':
        return { status: 200, body: shipments.refund(id) };
      case 'POST trackers':
        return { status: 201, body: trackers.follow(body) };
      case 'GET trackers':
        return {
          status: 200,
          body: { trackers: trackers.byCode(query.get('tracking_code')), has_more: false },
        };
      case 'GET trackers/:id':
        return { status: 200, body: trackers.get(id) };
      case 'GET events': {
        const events = journal.list<{ id: string }>('events').toReversed();
        const before = query.get('before_id');
        const from = before === null ? 0 : events.findIndex((one) => one.id === before) + 1;
        const size = Number(query.get('page_size') ?? 20);
        const page = events.slice(from, from + size);
        return { status: 200, body: { events: page, has_more: from + size < events.length } };
      }
      case 'POST webhooks': {
        const { webhook } = read(newHook, body);
        const hook: Hook = {
          id: world.id('hook'),
          object: 'Webhook',
          ...webhook,
          created_at: new Date().toISOString(),
        };
        journal.put('webhooks', hook.id, hook);
        return { status: 201, body: { ...hook, webhook_secret: undefined } };
      }
      default:
        throw new EasyPostError(404, 'NOT_FOUND', 'The requested resource could not be found.');
    }
  };

  const server = await startVendorServer({
    faults,
    port: options.port ?? 0,
    errorBody: (status) => ({
      error: {
        code: status === 429 ? 'RATE_LIMITED' : 'INTERNAL_SERVER_ERROR',
        message: 'Brought about by a fault.',
        errors: [],
      },
    }),
    handle: async (request) => {
      let answer: VendorAnswer;
      try {
        answer = serve(request);
      } catch (error) {
        if (!(error instanceof EasyPostError)) throw error;
        const { status, code, message } = error;
        answer = { status, body: { error: { code, message, errors: [] } } };
      }
      // What is answered is kept first.
      await journal.flush();
      return answer;
    },
  });
  world.url = server.url;
  pace.set(options.stepSeconds ?? null);
  return {
    ...server,
    faults,
    webhooks,
    stop: async () => {
      pace.set(null);
      await server.stop();
      await webhooks.stop();
      await journal.close();
    },
  };
}

/** Registers the one receiver that the simulator is started with. */
function register({ journal }: EasyPostWorld, { url, secret }: Receiver): void {
  const hook: Hook = {
    id: 'hook_of_the_start',
    object: 'Webhook',
    url,
    webhook_secret: secret,
    created_at: new Date().toISOString(),
  };
  journal.put('webhooks', hook.id, hook);
}

/** Whoever has the address may have the file, as at EasyPost. */
function labelFile(shipments: Shipments, name: string): VendorAnswer {
  const shipment = shipments.get(name.replace(/\.pdf$/, ''));
  return { status: 200, headers: { 'content-type': 'application/pdf' }, body: labelOf(shipment) };
}

/** `X-Hmac-Signature` of EasyPost's webhooks (docs.easypost.com/docs/webhooks). */
function easyPostSignature(secret: string, body: string): string {
  const digest = createHmac('sha256', secret.normalize('NFKD')).update(body).digest('hex');
  return `hmac-sha256-hex=${digest}`;
}

function emit(world: EasyPostWorld, webhooks: WebhookSender, description: string, result: object): void {
  const hooks = world.journal.list<Hook>('webhooks');
  const now = new Date().toISOString();
  const event = {
    description,
    mode: 'test',
    previous_attributes: {},
    created_at: now,
    pending_urls: hooks.map(({ url }) => url),
    completed_urls: [],
    updated_at: now,
    id: world.id('evt'),
    user_id: 'user_simulated',
    status: 'pending',
    object: 'Event',
    result: structuredClone(result),
  };
  world.journal.put('events', event.id, event);
  // EasyPost writes whole weights with a fraction, and signs what it writes.
  const body = JSON.stringify(event).replace(/("weight":)(\d+)(?=[,}])/g, '$1$2.0');
  for (const { id, url, webhook_secret: secret } of hooks)
    webhooks.send({ id: `${event.id}:${id}`, url, secret, body });
}

function authorize({ headers }: VendorRequest): void {
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ');
  const key = Buffer.from(value, 'base64').toString().split(':')[0];
  if (scheme.toLowerCase() !== 'basic' || !key?.startsWith('EZTK'))
    throw new EasyPostError(401, 'APIKEY.INACTIVE', 'The simulator takes keys that begin with EZTK.');
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body || '{}');
  } catch (error) {
    if (error instanceof SyntaxError) throw new EasyPostError(400, 'BAD_REQUEST', 'The body is not JSON.');
    throw error;
  }
}
