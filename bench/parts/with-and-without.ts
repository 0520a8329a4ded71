import { saturate, type LoadReport } from '../stage/load.ts';
import type { Stage } from '../stage/stage.ts';
import { smallBatch } from './commands.ts';
import { figure, type Finding } from './part.ts';
import { phoneTable, runPhoneBatch } from './phone-batches.ts';
import { phoneSearch, statusRead } from './reads.ts';

export interface Speeds {
  read: LoadReport;
  search: LoadReport;
  command: LoadReport;
  /** Rows a second of a batch, from the request to the result files. */
  batch: number;
}

/** What a setting is asked about: reads, cached searches, commands and a batch. */
export async function measureSpeeds(stage: Stage, full: boolean): Promise<Speeds> {
  const tenant = await stage.tenant();
  const { id } = await runPhoneBatch(tenant, phoneTable(50), 50);
  const options = { connections: 16, seconds: full ? 10 : 3 };
  const warm = { connections: 16, seconds: 2 };
  const rows = full ? 100_000 : 20_000;
  await runPhoneBatch(tenant, phoneTable(2_000, 900_000), 2_000);
  const { seconds } = await runPhoneBatch(tenant, phoneTable(rows, 1_000_000), rows);
  const of = async (call: Parameters<typeof saturate>[0]): Promise<LoadReport> => {
    await saturate(call, warm);
    return await saturate(call, options);
  };
  const read = await of(() => statusRead(tenant, id));
  const search = await of(() => phoneSearch(tenant, 1));
  // Last, and nothing comes of them: hundreds of batches would go on into what is measured next.
  await stage.workers.stop();
  const command = await of((place) => smallBatch(tenant, place));
  await stage.forgetDeliveries();
  return { read, search, command, batch: rows / seconds };
}

/** One line for each speed, as a multiple of that without the setting. They have no target. */
export function compared(name: string, without: Speeds, withIt: Speeds): Finding[] {
  const finding = (what: string, before: number, after: number, unit: string): Finding => ({
    what: `${what}, with ${name}`,
    against: 'without',
    target: '–',
    measured: `${figure(after / before)} ×`,
    met: true,
    figures: { [`${unit} without`]: before, [`${unit} with`]: after },
  });
  const kinds = { read: 'status read', search: 'cached search', command: 'command accepted' } as const;
  const ofKinds = (Object.keys(kinds) as (keyof typeof kinds)[]).map((kind): Finding => {
    const [before, after] = [without[kind], withIt[kind]];
    const one = finding(kinds[kind], before.perSecond, after.perSecond, 'requests/s');
    return {
      ...one,
      met: before.errors + after.errors === 0,
      figures: { ...one.figures, 'p50 ms without': before.p50, 'p50 ms with': after.p50 },
    };
  });
  return [...ofKinds, finding('batch rows/s', without.batch, withIt.batch, 'rows/s')];
}
