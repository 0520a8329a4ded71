import type { Recogniser } from '../../domain/search/data-subject.ts';
import { erasureContext, erasureSubjectKey } from '../../domain/search/erasure.ts';
import type { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import type { PersonErasureInput } from '../../workflows/tenants/messages.ts';
import { readSealedSubject } from './sealed-subject.ts';

/** Who is to be forgotten, as search tells the other domains; null when the erasure is done, and has forgotten it. */
export async function personOfErasure(
  storage: ObjectStorage,
  box: SecretBox,
  { tenantId, erasureId }: PersonErasureInput,
  signal: AbortSignal,
): Promise<Recogniser | null> {
  const key = erasureSubjectKey(tenantId, erasureId);
  if ((await storage.head(key)) === undefined) return null;
  return await readSealedSubject(storage, box, { key, context: erasureContext(tenantId, erasureId) }, signal);
}
