import type { BatchPhase } from '../../domain/search/batch.ts';
import { inSpan } from '../../platform/telemetry/span.ts';
import type { BatchActivities, BatchView } from '../../workflows/search/messages.ts';

/** A batch of so few rows is through in a moment, unless its providers take their time. */
export const fewRows = 100;

type Steps = Pick<
  BatchActivities,
  'ingestBatch' | 'planSearch' | 'searchRange' | 'finishSearch' | 'writeResults'
>;

/**
 * The steps of a small batch behind its first, one after the other, as its workflow would take them: to hand each over to
 * Temporal and back costs many times what the step does. Each begins where the database says that the batch stands, so
 * whatever does not go on at once – it is held, rows wait for a provider or for longer than a step, the worker dies – is left to
 * the workflow, which takes it from there.
 */
export async function goOn(
  steps: Steps,
  input: Parameters<Steps['ingestBatch']>[0],
  validated: BatchView,
): Promise<BatchView> {
  let view = validated;
  if (isAt(view, 'ingesting')) view = await take('ingestBatch', () => steps.ingestBatch(input));
  if (isAt(view, 'searching')) {
    for (const range of await take('planSearch', () => steps.planSearch(input))) {
      const outcome = await take('searchRange', () => steps.searchRange({ ...input, ...range }));
      if (outcome.left || outcome.waiting) return outcome.view;
    }
    view = await take('finishSearch', () => steps.finishSearch(input));
  }
  return isAt(view, 'aggregating') ? await take('writeResults', () => steps.writeResults(input)) : view;
}

/** In a trace, each is under the activity as it would be one of its own. */
function take<T>(step: keyof Steps, work: () => Promise<T>): Promise<T> {
  return inSpan(`step ${step}`, {}, work);
}

function isAt({ phase, hold }: BatchView, expected: BatchPhase): boolean {
  return phase === expected && hold === null;
}
