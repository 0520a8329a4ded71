import { ActivityFailure } from '@temporalio/common';
import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { failureCode } from '../failure-code.ts';
import { processStatusAttribute } from '../search-attributes.ts';
import { imageStep } from './image-step.ts';
import type { CompressedAsset, OptimisationActivities, OptimiseDesignInput } from './messages.ts';

// What is planned stands in the database, what is made is found again by what it was made of, and the next version is saved
// in one transaction that looks first whether it has been.
const { planOptimisation, applyOptimisation, failOptimisation } = proxyActivities<OptimisationActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});
const { compressAsset } = proxyActivities<OptimisationActivities>({
  ...imageStep,
  summary: 'Make a picture smaller',
});

/** Drops what a design does not show, and makes its pictures as small as what it shows of them. */
export async function optimiseDesign(input: OptimiseDesignInput): Promise<void> {
  let state: string;
  try {
    const plan = await planOptimisation(input);
    if (!plan) return;
    const assets: CompressedAsset[] = [];
    for (const asset of plan.assets) {
      setCurrentDetails(`${assets.length} of ${plan.assets.length} pictures are looked at.`);
      assets.push(await compressAsset({ ...input, ...asset }));
    }
    ({ state } = await applyOptimisation({ ...input, assets }));
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const code = failureCode(error);
    await failOptimisation({ ...input, code });
    upsertSearchAttributes([{ key: processStatusAttribute, value: 'failed' }]);
    setCurrentDetails(`Failed: ${code}.`);
    return;
  }
  upsertSearchAttributes([{ key: processStatusAttribute, value: state }]);
  setCurrentDetails(`Done: ${state}.`);
}
