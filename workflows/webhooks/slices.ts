import { continueAsNew, setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { processStatusAttribute } from '../search-attributes.ts';

/** Each slice commits how far it has come, so to repeat it is harmless; and there is nothing to do but go on. */
export const sliceOptions = {
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
} as const;

/** Has slices of work done until none is left, and gives what the last one said. */
export async function doSlices<Input, Done extends { left: boolean }>(
  input: Input,
  doSlice: (input: Input) => Promise<Done>,
  details: (done: Done) => string,
): Promise<Done> {
  for (;;) {
    const done = await doSlice(input);
    setCurrentDetails(details(done));
    if (!done.left) {
      upsertSearchAttributes([{ key: processStatusAttribute, value: 'completed' }]);
      return done;
    }
    // All that is known is in the database.
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<(input: Input) => Promise<unknown>>(input);
  }
}
