import { residentMegabytes } from '../stage/memory.ts';
import { sustain, type Call, type LoadReport } from '../stage/load.ts';
import { besideLargeBatch } from './background-batch.ts';
import { figuresOf, smallBatch } from './commands.ts';
import { figure, type Part } from './part.ts';
import { phoneTable, runPhoneBatch } from './phone-batches.ts';
import { phoneSearch, statusRead } from './reads.ts';

/** What a day looks like: many look, some search, few command, while the workers are busy with a batch. */
export const mixed: Part = {
  name: 'mixed',
  about: '80 % reads, 15 % searches, 5 % commands at 20 and 200 requests/s while a large batch is searched',
  async run(stage, { full }) {
    const tenant = await stage.tenant();
    const { id } = await runPhoneBatch(tenant, phoneTable(50), 50);
    const call = (place: number): Call => {
      const share = place % 20;
      if (share === 0) return smallBatch(tenant, place);
      return share <= 3 ? phoneSearch(tenant, 500_000 + place) : statusRead(tenant, id);
    };
    const seconds = full ? 30 : 12;
    const { result, searching } = await besideLargeBatch(stage, full ? 1_000_000 : 300_000, async () => ({
      20: await sustain(call, { perSecond: 20, seconds }),
      200: await sustain((place) => call(100_000 + place), { perSecond: 200, seconds }),
      megabytes: await residentMegabytes(stage.api),
    }));
    return ([20, 200] as const).map((rate) => {
      const report: LoadReport = result[rate];
      const failing = report.errors / report.requests;
      return {
        what: `mixed load at ${rate} requests/s, workers busy with a batch`,
        against: '–',
        target: 'p95 < 200 ms, errors < 0.1 %',
        measured: `${figure(report.p95)} ms, ${figure(failing * 100)} %`,
        met: report.p95 < 200 && failing < 0.001,
        figures: {
          ...figuresOf('mixed', report),
          'API MB': result.megabytes,
          'the batch was at work to the end': searching ? 'yes' : 'no',
        },
      };
    });
  },
};
