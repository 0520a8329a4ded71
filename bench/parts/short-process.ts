import { runRival } from '../stage/rival.ts';
import { figure, type Part } from './part.ts';

/** A process of three short steps: as local activities of a workflow that starts eagerly, and as remote activities. */
export const shortProcess: Part = {
  name: 'short',
  about: 'a process of three short steps with local activities, against three remote activities',
  async run(stage, { full }) {
    const run = await runRival(stage, 'short-process.mjs', full ? 200 : 60);
    const { localP50, remoteP50 } = run as unknown as { localP50: number; remoteP50: number };
    const ratio = localP50 / remoteP50;
    return [
      {
        what: 'three-step short process, p50',
        against: 'three remote activities',
        target: '≤ 0.5 ×',
        measured: `${figure(ratio)} ×`,
        met: ratio <= 0.5,
        figures: {
          runs: run.rows,
          'local activities p50 ms': localP50,
          'remote activities p50 ms': remoteP50,
        },
      },
    ];
  },
};
