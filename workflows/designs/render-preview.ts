import { ActivityFailure } from '@temporalio/common';
import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { failureCode } from '../failure-code.ts';
import { processStatusAttribute } from '../search-attributes.ts';
import { imageStep } from './image-step.ts';
import type { PreviewActivities, RenderPreviewInput } from './messages.ts';

// Drawing the same again writes the same files, so an attempt that was lost is simply made anew. What a picture itself is to
// blame for – it takes too long, an asset is gone – is final at once.
const { drawPreview } = proxyActivities<PreviewActivities>({ ...imageStep, summary: 'Draw a design' });
const { failPreview } = proxyActivities<PreviewActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/** Draws a saved version of a design in some sizes, as PNG and as WebP. */
export async function renderPreview(input: RenderPreviewInput): Promise<void> {
  try {
    const { pictures } = await drawPreview(input);
    upsertSearchAttributes([{ key: processStatusAttribute, value: 'ready' }]);
    setCurrentDetails(`${pictures} pictures are there.`);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const code = failureCode(error);
    await failPreview({ ...input, code });
    upsertSearchAttributes([{ key: processStatusAttribute, value: 'failed' }]);
    setCurrentDetails(`Failed: ${code}.`);
  }
}
