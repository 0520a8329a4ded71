import { z } from 'zod';
import type { Export } from '../../db/identity/exports.repository.ts';
import {
  exportKinds,
  exportLifetimeDays,
  exportLinkSeconds,
  exportStates,
} from '../../domain/identity/export.ts';
import { dataSubjectSchema } from '../../domain/search/data-subject.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { moment } from './schemas.ts';

export const newExport = z
  .discriminatedUnion('of', [
    z.strictObject({ of: z.literal('organisation') }),
    z.strictObject({ of: z.literal('person'), person: dataSubjectSchema }),
  ])
  .meta({
    id: 'NewExport',
    description:
      'All that is kept of the organisation, or what it keeps of a person, named as for an erasure.',
    example: { of: 'organisation' },
  });

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const summary = z.object({
  id: z.uuid(),
  of: z.enum(exportKinds),
  state: z.enum(exportStates),
  requested_by: z.uuid(),
  problem: z.string().nullable().meta({ description: 'Why it has failed: a code.' }),
  created_at: moment,
  finished_at: moment.nullable(),
  expires_at: moment
    .nullable()
    .meta({ description: `When the archive is deleted: ${exportLifetimeDays} days after it was made.` }),
});

export const exportSummary = summary.meta({ id: 'ExportSummary' });

export const exportView = summary
  .extend({
    files: z
      .array(z.object({ name: z.string(), rows: count, bytes: count, sha256 }))
      .nullable()
      .meta({ description: 'What is in the archive.' }),
    download: z
      .object({
        url: z.url().meta({ description: 'A link that needs no credential. Read again for another.' }),
        expires_at: moment.meta({ description: `${exportLinkSeconds / 60} minutes from now.` }),
        file_name: z.string(),
        bytes: count,
        sha256,
      })
      .nullable()
      .meta({ description: 'The archive, a ZIP, while there is one.' }),
  })
  .meta({ id: 'Export', description: 'An archive of what is kept here.' });

export function summarise(one: Export): z.input<typeof exportSummary> {
  return {
    id: one.id,
    of: one.kind,
    state: one.state,
    requested_by: one.userId,
    problem: one.problem,
    created_at: one.createdAt.toISOString(),
    finished_at: one.finishedAt?.toISOString() ?? null,
    expires_at: one.expiresAt?.toISOString() ?? null,
  };
}

/** With a link to the archive, which is good for a while and no longer than the archive itself. */
export async function presentExport(
  one: Export,
  storage: ObjectStorage,
): Promise<z.input<typeof exportView>> {
  const { archive } = one;
  if (!archive) return { ...summarise(one), files: null, download: null };
  const left = Math.floor(((one.expiresAt?.getTime() ?? 0) - Date.now()) / 1_000);
  const filename = `perdure-${one.kind}-${one.createdAt.toISOString().slice(0, 10)}.zip`;
  const { url, expiresAt } = await storage.presignGet(archive.key, {
    expiresIn: Math.max(1, Math.min(exportLinkSeconds, left)),
    filename,
  });
  const { bytes, sha256: hash } = archive;
  return {
    ...summarise(one),
    files: archive.files,
    download: { url, expires_at: expiresAt.toISOString(), file_name: filename, bytes, sha256: hash },
  };
}
