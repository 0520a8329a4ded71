import { withBareKoa } from '../stage/bare-koa.ts';
import { saturate, takeTurns, type Call } from '../stage/load.ts';
import type { Tenant } from '../stage/stage.ts';
import { figuresOf } from './commands.ts';
import { figure, type Finding, type Part } from './part.ts';
import { phoneNumber, phoneTable, runPhoneBatch } from './phone-batches.ts';

/** What is asked most often: how a batch stands, and a search that was answered before. */
export const reads: Part = {
  name: 'reads',
  about: 'a cached search and the state of a batch against bare Koa with one SELECT',
  async run(stage, { full }) {
    const tenant = await stage.tenant();
    const { id } = await runPhoneBatch(tenant, phoneTable(50), 50);
    const kinds: { what: string; call: () => Call; alike: string | null }[] = [
      { what: 'status read (GET /v1/batches/{id})', call: () => statusRead(tenant, id), alike: null },
      {
        what: 'cached search (POST /v1/search/phone)',
        call: () => phoneSearch(tenant, 1),
        alike: 'as-search',
      },
    ];
    return await withBareKoa(stage, async (url) => {
      const select = (): Call => ({ method: 'GET', url: `${url}/notes/1` });
      const findings: Finding[] = [];
      for (const { what, call, alike } of kinds) {
        const seconds = full ? 10 : 3;
        await saturate(call, { connections: 16, seconds: 2 });
        await saturate(select, { connections: 16, seconds: 1 });
        const { ours, theirs } = await takeTurns(
          2,
          () => saturate(call, { connections: 16, seconds }),
          () => saturate(select, { connections: 16, seconds }),
        );
        const limit =
          alike &&
          (await saturate(() => ({ ...call(), url: `${url}/${alike}` }), { connections: 16, seconds }));
        const alone = await saturate(call, { connections: 1, seconds: 2 });
        findings.push(
          {
            what,
            against: 'bare Koa route with one SELECT',
            target: '≥ 0.5 ×',
            measured: `${figure(ours.perSecond / theirs.perSecond)} ×`,
            met: ours.perSecond >= theirs.perSecond / 2 && ours.errors === 0,
            figures: {
              ...figuresOf('Perdure', ours),
              ...figuresOf('bare Koa', theirs),
              ...(limit ? { 'bare Koa with as many statements requests/s': limit.perSecond } : {}),
            },
          },
          {
            what,
            against: 'one caller',
            target: 'p50 ≤ 5 ms',
            measured: `${figure(alone.p50)} ms`,
            met: alone.p50 <= 5 && alone.errors === 0,
            figures: figuresOf('Perdure', alone),
          },
        );
      }
      return findings;
    });
  },
};

export function statusRead({ api }: Tenant, id: string): Call {
  return { method: 'GET', url: `${api.url}/v1/batches/${id}`, headers: api.headers };
}

export function phoneSearch({ api }: Tenant, place: number): Call {
  return {
    method: 'POST',
    url: `${api.url}/v1/search/phone`,
    headers: { ...api.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ phone: phoneNumber(place) }),
  };
}
