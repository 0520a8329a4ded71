import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { publicEvents } from '../../domain/webhooks/public-events.ts';
import type { Stage, Tenant } from '../stage/stage.ts';
import { figure, quantile, type Part } from './part.ts';

const endpoints = 20;
const perSecond = 100;

/** What endpoints hear, one type each. */
const types = publicEvents.filter(({ operational }) => !operational).slice(0, endpoints);

/**
 * Messages to twenty endpoints, a hundred a second in all, first while all of them answer, then while one hangs. A time is
 * that from the event's own moment to its arrival, on the clock of one machine.
 */
export const webhooks: Part = {
  name: 'webhooks',
  about: '100 events a second to 20 endpoints, of which one hangs',
  async run(stage, { full }) {
    const receiver = await Receiver.open(stage.receiverPort);
    try {
      const tenant = await stage.tenant();
      for (const [place, { type }] of types.entries())
        await tenant.api.post('/v1/webhook-endpoints', {
          url: `${receiver.url}/${place}`,
          event_types: [type],
        });
      const seconds = full ? 40 : 10;
      await happen(stage, tenant, 2);
      await receiver.quiet();
      receiver.take();
      await happen(stage, tenant, seconds);
      await receiver.quiet();
      const whole = receiver.take();
      receiver.hanging = '/0';
      await happen(stage, tenant, seconds);
      await receiver.quiet();
      const others = receiver.take();
      const [before, after] = [quantile(whole, 0.95), quantile(others, 0.95)];
      const p50 = quantile(whole, 0.5);
      return [
        {
          what: 'event → first attempt, 100 a second to 20 endpoints',
          against: '–',
          target: 'p50 ≤ 100 ms',
          measured: `${figure(p50)} ms`,
          met: p50 <= 100,
          figures: {
            messages: whole.length,
            'p50 ms': p50,
            'p95 ms': before,
            ...(await stagesOf(stage, tenant)),
          },
        },
        {
          what: 'the same while one endpoint hangs',
          against: 'while none does',
          target: 'p95 of the others ≤ 1.2 × and 10 ms',
          measured: `${figure(after / before)} ×, ${figure(after)} ms for ${figure(before)} ms`,
          met: after <= before * 1.2 + 10,
          figures: { messages: others.length, 'p95 ms, none hangs': before, 'p95 ms, one hangs': after },
        },
      ];
    } finally {
      await receiver.close();
    }
  },
};

/** Where the time goes: until the relay has made a message of an event, and from then until a sender has taken it. */
async function stagesOf({ database }: Stage, { id }: Tenant): Promise<Record<string, number>> {
  const [row] = await database.read('webhooks', ({ sql }) =>
    sql<{ relayed: number; taken: number }>(
      `select percentile_cont(0.5) within group (order by extract(epoch from m.created_at - m.occurred_at))::float8 as relayed,
         percentile_cont(0.5) within group (order by extract(epoch from a.started_at - m.created_at))::float8 as taken
       from webhooks.messages m join webhooks.attempts a on a.message_id = m.id and a.number = 1
       where m.tenant_id = $1`,
      [id],
    ),
  );
  return {
    'to the message, p50 ms': (row?.relayed ?? 0) * 1_000,
    'to the sender, p50 ms': (row?.taken ?? 0) * 1_000,
  };
}

/** Has the events happen at a fixed rate, one endpoint after another. */
async function happen({ database }: Stage, { id }: Tenant, seconds: number): Promise<void> {
  const started = performance.now();
  const sent: Promise<void>[] = [];
  for (let place = 0; place < perSecond * seconds; place += 1) {
    const wait = started + (place * 1_000) / perSecond - performance.now();
    if (wait > 1) await pause(wait);
    const event = types[place % types.length];
    if (!event) throw new Error('There are no public events.');
    sent.push(
      database.transaction('search', ({ publish }) =>
        publish({
          type: event.from,
          tenantId: id,
          subject: `bench:${place}`,
          data: event.versions[0].example,
        }),
      ),
    );
  }
  await Promise.all(sent);
}

class Receiver {
  readonly url: string;
  /** Requests to this path are never answered. */
  hanging: string | null = null;
  readonly #server: Server;
  #times: number[] = [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async open(port: number): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server, port);
    server.on('request', (request, response) => {
      void json(request).then((body) => {
        if (request.url === receiver.hanging) return;
        const { timestamp } = body as { timestamp: string };
        receiver.#times.push(Date.now() - Date.parse(timestamp));
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return receiver;
  }

  /** The times of what has come since it was last asked. */
  take(): number[] {
    return this.#times.splice(0);
  }

  /** Waits until nothing comes for a second. */
  async quiet(): Promise<void> {
    for (let seen = -1; seen !== this.#times.length;) {
      seen = this.#times.length;
      await pause(1_000);
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
