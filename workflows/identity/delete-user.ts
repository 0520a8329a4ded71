import { proxyActivities, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import { processStatusAttribute } from '../search-attributes.ts';
import type { DeleteUserInput, DeleteUserResult, IdentityActivities } from './messages.ts';

// Idempotent by the wish: an attempt too many finds the user erased, or the wish taken back.
const { eraseUser } = proxyActivities<IdentityActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '2 seconds', maximumInterval: '5 minutes' },
  summary: 'Erase what is personal',
});

/** Deletes an account when its grace is over, unless its owner has taken the wish back: the database knows. */
export async function deleteUser(input: DeleteUserInput): Promise<DeleteUserResult> {
  const { userId, deletionId, dueAt } = input;
  setCurrentDetails(`Waits until ${dueAt}. Until then the owner may take it back.`);
  const grace = Date.parse(dueAt) - Date.now();
  if (grace > 0) await sleep(grace, { summary: 'Grace' });
  const result = await eraseUser({ userId, deletionId });
  upsertSearchAttributes([{ key: processStatusAttribute, value: result }]);
  setCurrentDetails(result === 'erased' ? 'Erased.' : 'The owner has taken it back; nothing was done.');
  return result;
}
