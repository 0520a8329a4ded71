import { dataSubjectSchema, recogniserOf, type Recogniser } from '../../domain/search/data-subject.ts';
import type { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';

/** Reads whom something is about, whose sealed words lie in the storage. */
export async function readSealedSubject(
  storage: ObjectStorage,
  box: SecretBox,
  { key, context }: { key: string; context: string[] },
  signal: AbortSignal,
): Promise<Recogniser> {
  const sealed = Buffer.concat(await Array.fromAsync(await storage.get(key, { signal }))).toString();
  const subject = JSON.parse(box.open(sealed, context)) as unknown;
  return recogniserOf(dataSubjectSchema.parse(subject));
}
