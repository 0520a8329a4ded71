import { proxyActivities, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import { processStatusAttribute } from '../search-attributes.ts';
import type { ErasureActivities, OfErasure } from './messages.ts';
import { longStep } from './steps.ts';

// As long as it takes to look through everything; a lost worker is noticed by its heartbeat all the same.
const activities = proxyActivities<ErasureActivities>({ ...longStep, startToCloseTimeout: '12 hours' });

const atOnce = 20;

/**
 * Forgets a person in all that a tenant keeps. Batches and imports from before that are still under way are waited for, as
 * their files are being read.
 */
export async function erasePerson(input: OfErasure): Promise<void> {
  setCurrentDetails('Looks through the people.');
  await activities.erasePeople(input);
  await activities.eraseFromUploads(input);
  const done = new Set<string>();
  for (;;) {
    const { batches, imports, unfinished } = await activities.listErasureProcesses(input);
    const left = [
      ...batches.map((id) => ({ kind: 'batches' as const, id })),
      ...imports.map((id) => ({ kind: 'imports' as const, id })),
    ].filter(({ id }) => !done.has(id));
    for (let at = 0; at < left.length; at += atOnce) {
      const some = left.slice(at, at + atOnce);
      const of = (wanted: 'batches' | 'imports') =>
        some.flatMap(({ kind, id }) => (kind === wanted ? [id] : []));
      await activities.eraseFromProcesses({ ...input, batches: of('batches'), imports: of('imports') });
      for (const { id } of some) done.add(id);
      setCurrentDetails(`Looked through ${done.size} batches and imports.`);
    }
    if (unfinished === 0) break;
    setCurrentDetails(`Waits for ${unfinished} batches and imports to end.`);
    await sleep('30 seconds', { summary: 'For batches and imports to end' });
  }
  // What was imported meanwhile.
  await activities.erasePeople(input);
  await activities.eraseAnswers(input);
  await activities.completeErasure(input);
  upsertSearchAttributes([{ key: processStatusAttribute, value: 'completed' }]);
  setCurrentDetails('Done.');
}
