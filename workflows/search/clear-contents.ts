import type { Priority } from '@temporalio/common';
import { proxyActivities } from '@temporalio/workflow';
import type { DeleteRecordSetInput, RecordSetActivities } from './messages.ts';
import { longStep } from './steps.ts';

const { listRetiredContents, deletePeople } = proxyActivities<RecordSetActivities>(longStep);

/** Deletes the people of a record set whom nobody sees any more, a slice at a time, behind everybody else's work. */
export async function clearRetiredContents(input: DeleteRecordSetInput): Promise<void> {
  const { tenantId } = input;
  const priority: Priority = { priorityKey: 5, fairnessKey: tenantId };
  const contents = await listRetiredContents.executeWithOptions(
    { ...longStep, priority, summary: 'What does nobody see any more?' },
    [input],
  );
  for (const contentId of contents) {
    let left = true;
    while (left) {
      const options = { ...longStep, priority, summary: 'Delete people' };
      ({ left } = await deletePeople.executeWithOptions(options, [{ tenantId, contentId }]));
    }
  }
}
