import {
  continueAsNew,
  patched,
  proxyActivities,
  setCurrentDetails,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Domain } from '../../domain/domains.ts';
import { processStatusAttribute } from '../search-attributes.ts';
import type { PersonErasureActivities } from '../tenants/messages.ts';
import type { ErasePersonInput, ErasureActivities } from './messages.ts';
import { longStep } from './steps.ts';

// As long as it takes to look through everything; a lost worker is noticed by its heartbeat all the same.
const lookingThrough = { ...longStep, startToCloseTimeout: '12 hours' } as const;
const activities = proxyActivities<ErasureActivities>(lookingThrough);
const { erasePersonData } = proxyActivities<PersonErasureActivities>(lookingThrough);

const atOnce = 20;

/** Between looks for what must end first in other domains, in seconds: an order may be under way for weeks. */
const shortestGap = 5;
const longestGap = 3_600;

/** Since 29 November 2026. To be deprecated when no erasure from before is under way. */
const waitsInRuns = 'erasure-waits-in-runs';

/**
 * Forgets a person in all that a tenant keeps. Batches and imports from before that are still under way are waited for, as
 * their files are being read; then each other domain erases its part on its own queue, as soon as what is under way there has
 * ended.
 */
export async function erasePerson(input: ErasePersonInput): Promise<void> {
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
    // A batch may be paused for weeks. The next run looks through everything again, and finds nothing.
    if (workflowInfo().continueAsNewSuggested && patched(waitsInRuns))
      await continueAsNew<typeof erasePerson>(input);
    await sleep('30 seconds', { summary: 'For batches and imports to end' });
  }
  // What was imported meanwhile.
  await activities.erasePeople(input);
  await activities.eraseAnswers(input);
  await eraseElsewhere(input, input.domains ?? []);
  await activities.completeErasure(input);
  upsertSearchAttributes([{ key: processStatusAttribute, value: 'completed' }]);
  setCurrentDetails('Done.');
}

/** From the first domain to the last, until none has anything to wait for. */
async function eraseElsewhere(input: ErasePersonInput, domains: readonly Domain[]): Promise<void> {
  if (domains.length === 0) return;
  const { tenantId, erasureId } = input;
  const { before } = await activities.shareErasureSubject({ tenantId, erasureId });
  for (let gap = shortestGap; ; gap = Math.min(2 * gap, longestGap)) {
    const counts: Record<string, number> = {};
    const waiting: string[] = [];
    for (const domain of domains) {
      setCurrentDetails(`Looks through ${domain}.`);
      const options = { ...lookingThrough, taskQueue: domain, summary: `The part of ${domain}` };
      const part = await erasePersonData.executeWithOptions(options, [{ tenantId, erasureId, before }]);
      Object.assign(counts, part.counts);
      waiting.push(...part.waiting);
    }
    await activities.noteErasedElsewhere({ tenantId, erasureId, counts, waiting });
    if (waiting.length === 0) return;
    setCurrentDetails(`Waits for ${waiting.length} orders and webhooks to end.`);
    // All of it finds nothing when it is repeated.
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof erasePerson>(input);
    await sleep(gap * 1_000, { summary: 'For orders and webhooks to end' });
  }
}
