import { clearRetiredContents } from './clear-contents.ts';
import type { DeleteRecordSetInput } from './messages.ts';

/** Deletes the people of a record set that its owner has deleted. It was taken from every reader before this began. */
export async function deleteRecordSet(input: DeleteRecordSetInput): Promise<void> {
  await clearRetiredContents(input);
}
