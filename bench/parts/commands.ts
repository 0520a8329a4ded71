import type { Tenant } from '../stage/stage.ts';
import { withBareKoa } from '../stage/bare-koa.ts';
import { saturate, sustain, takeTurns, type Call, type LoadReport } from '../stage/load.ts';
import { figure, type Finding, type Part } from './part.ts';
import { phoneNumber } from './phone-batches.ts';

const perSecond = 20;
/** A thousand requests, of which the p99 leaves out ten. */
const sustainedSeconds = 50;

/** How fast a small batch is accepted: its file in a form, stored; batch, event and history in one transaction. */
export const commands: Part = {
  name: 'commands',
  about: 'POST /v1/batches (small) against bare Koa with one INSERT; with Temporal up and down',
  async run(stage, { full }) {
    const tenant = await stage.tenant();
    const call = (place: number): Call => smallBatch(tenant, place);
    const seconds = full ? 10 : 4;
    // What is accepted is not searched meanwhile: the route is measured, not the workers.
    await stage.workers.stop();
    const { ours, theirs, limit } = await withBareKoa(stage, async (url) => {
      const insert = (place: number): Call => ({
        method: 'POST',
        url: `${url}/notes`,
        body: JSON.stringify({ name: `note ${place}`, phone: phoneNumber(place) }),
      });
      await saturate(call, { connections: 16, seconds: 2 });
      await saturate(insert, { connections: 16, seconds: 1 });
      const turns = await takeTurns(
        2,
        () => saturate(call, { connections: 16, seconds }),
        () => saturate(insert, { connections: 16, seconds }),
      );
      const alike = (place: number): Call => ({ ...call(place), url: `${url}/as-batch` });
      return { ...turns, limit: await saturate(alike, { connections: 16, seconds }) };
    });
    await stage.forgetDeliveries();
    await stage.restartWorkers();
    // The first steps of a process that has just started are its slowest.
    await sustain(call, { perSecond, seconds: 5 });
    const up = await sustain(call, { perSecond, seconds: sustainedSeconds });
    await stage.stopTemporal();
    const down = await sustain(call, { perSecond, seconds: sustainedSeconds });
    // Not asked to stop: they would wait for Temporal, and hold on to what they deliver.
    stage.workers.kill();
    await stage.workers.exited;
    await stage.forgetDeliveries();
    await stage.restartTemporal();
    await stage.restartWorkers();
    return [
      {
        what: 'command accepted (POST /v1/batches, small)',
        against: 'bare Koa route with one INSERT',
        target: '≥ 0.5 ×',
        measured: `${figure(ours.perSecond / theirs.perSecond)} ×`,
        met: ours.perSecond >= theirs.perSecond / 2 && ours.errors === 0,
        figures: {
          ...figuresOf('Perdure', ours),
          ...figuresOf('bare Koa', theirs),
          'bare Koa with as many statements requests/s': limit.perSecond,
        },
      },
      accepted('Temporal up', up),
      accepted('Temporal down', down),
    ];
  },
};

function accepted(against: string, report: LoadReport): Finding {
  return {
    what: `command accepted, ${perSecond} a second`,
    against,
    target: 'p99 ≤ 25 ms',
    measured: `${figure(report.p99)} ms`,
    met: report.p99 <= 25 && report.errors === 0,
    figures: figuresOf(against, report),
  };
}

export function figuresOf(name: string, report: LoadReport): Record<string, number> {
  return {
    [`${name} requests/s`]: report.perSecond,
    [`${name} p50 ms`]: report.p50,
    [`${name} p95 ms`]: report.p95,
    [`${name} p99 ms`]: report.p99,
    [`${name} errors`]: report.errors,
  };
}

const boundary = 'perdure-bench-boundary';

/** A batch of three rows, as a form. */
export function smallBatch({ api }: Tenant, place: number): Call {
  const rows = [0, 1, 2].map((row) => `r${row},${phoneNumber(place * 3 + row)}`).join('\n');
  const body = [
    `--${boundary}`,
    'Content-Disposition: form-data; name="kind"',
    '',
    'phone',
    `--${boundary}`,
    'Content-Disposition: form-data; name="file"; filename="small.csv"',
    'Content-Type: text/csv',
    '',
    `id,phone\n${rows}\n`,
    `--${boundary}--`,
    '',
  ].join('\r\n');
  return {
    method: 'POST',
    url: `${api.url}/v1/batches`,
    headers: { ...api.headers, 'content-type': `multipart/form-data; boundary=${boundary}` },
    body,
  };
}
