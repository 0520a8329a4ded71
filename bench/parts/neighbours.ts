import { besideLargeBatch } from './background-batch.ts';
import { figure, quantile, type Part } from './part.ts';
import { phoneTable, runPhoneBatch } from './phone-batches.ts';

const rows = 500;

/** Whether a small tenant notices a large one. */
export const neighbours: Part = {
  name: 'neighbours',
  about: "a small tenant's batch of 500 rows beside another's large one, against alone",
  async run(stage, { full }) {
    const small = await stage.tenant();
    let from = 0;
    const times = async (count: number): Promise<number[]> => {
      const seconds: number[] = [];
      for (let run = 0; run < count; run += 1) {
        from += rows;
        seconds.push((await runPhoneBatch(small, phoneTable(rows, 80_000_000 + from), rows)).seconds);
      }
      return seconds;
    };
    await times(1);
    const alone = await times(5);
    const large = full ? 1_000_000 : 300_000;
    const { result: beside, searching } = await besideLargeBatch(stage, large, () => times(5));
    const ratio = quantile(beside, 0.5) / quantile(alone, 0.5);
    return [
      {
        what: `a small tenant's batch beside another's of ${figure(large)} rows`,
        against: 'alone',
        target: '≤ 2 ×',
        measured: `${figure(ratio)} ×`,
        met: ratio <= 2 && searching,
        figures: {
          'rows of the small batch': rows,
          'alone s': quantile(alone, 0.5),
          'beside s': quantile(beside, 0.5),
          'beside, most s': Math.max(...beside),
          'the large one was at work to the end': searching ? 'yes' : 'no',
        },
      },
    ];
  },
};
