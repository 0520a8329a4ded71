import type { ExportedFile } from '../../db/exported-file.ts';
import { exportContext, exportSubjectKey } from '../../domain/identity/export.ts';
import { textsIn } from '../../domain/search/data-subject.ts';
import type { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import type { ExportSlice, ExportSliceInput } from '../../workflows/tenants/messages.ts';
import { exportSlice, type ExportSource } from './export-slice.ts';
import { readSealedSubject } from './sealed-subject.ts';

/** A slice of an export of a person: of all rows those that speak of the person, by the rule of erasures. */
export async function exportOfPerson(
  source: ExportSource & { storage: ObjectStorage },
  box: SecretBox,
  input: ExportSliceInput,
  signal: AbortSignal,
): Promise<ExportSlice> {
  const { tenantId, exportId } = input;
  const key = exportSubjectKey(tenantId, exportId);
  const context = exportContext(tenantId, exportId);
  const recogniser = await readSealedSubject(source.storage, box, { key, context }, signal);
  const keep = (line: string, { mentions }: ExportedFile): boolean => {
    const texts = textsIn(JSON.parse(line));
    return mentions ? recogniser.isMentioned(texts) : recogniser.holds(texts);
  };
  return await exportSlice({ ...source, keep }, input, signal);
}
