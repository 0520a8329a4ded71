import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';

/** A file that a caller sends, or has sent, straight to the object storage. */
export interface Upload {
  id: string;
  tenantId: string;
  objectKey: string;
  fileName: string;
  contentType: string;
  createdBy: string;
  /** The process that has taken the file over, e.g. `batch:<uuid>`. */
  usedBy: string | null;
}

const columns = `id, tenant_id as "tenantId", object_key as "objectKey", file_name as "fileName",
  content_type as "contentType", created_by as "createdBy", used_by as "usedBy"`;

export async function createUpload(
  sql: Sql,
  upload: Omit<Upload, 'usedBy'> & { expiresAt: Date },
): Promise<void> {
  await sql(
    `insert into search.uploads (id, tenant_id, object_key, file_name, content_type, created_by, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      upload.id,
      upload.tenantId,
      upload.objectKey,
      upload.fileName,
      upload.contentType,
      upload.createdBy,
      upload.expiresAt,
    ],
  );
}

/** @throws Failure `search.upload_not_found`, also for another tenant's; `search.upload_used` */
export async function getUpload(sql: Sql, tenantId: string, id: string): Promise<Upload> {
  const [upload] = await sql<Upload>(
    `select ${columns} from search.uploads where tenant_id = $1 and id = $2`,
    [tenantId, id],
  );
  if (!upload) throw new Failure('search.upload_not_found', 'There is no such upload.');
  if (upload.usedBy !== null) {
    throw new Failure(
      'search.upload_used',
      `The upload belongs to ${upload.usedBy} now. Upload the file again.`,
    );
  }
  return upload;
}

/** Makes an upload the file of a process, once. @throws Failure `search.upload_used` */
export async function takeUpload(sql: Sql, tenantId: string, id: string, usedBy: string): Promise<void> {
  const taken = await sql(
    `update search.uploads set used_by = $3 where tenant_id = $1 and id = $2 and used_by is null returning id`,
    [tenantId, id, usedBy],
  );
  if (taken.length === 0)
    throw new Failure('search.upload_used', 'The upload was taken by another request meanwhile.');
}

/** True when the object of this key may still be written: its upload is known and nothing uses it yet. */
export async function isUploadOpen(sql: Sql, objectKey: string): Promise<boolean> {
  const rows = await sql('select 1 from search.uploads where object_key = $1 and used_by is null', [
    objectKey,
  ]);
  return rows.length > 0;
}

/** Forgets uploads that nothing came to use, and gives the keys of their objects. */
export async function takeUnusedUploads(sql: Sql, olderThanHours: number, limit: number): Promise<string[]> {
  const rows = await sql<{ key: string }>(
    `delete from search.uploads where id in (
       select id from search.uploads where used_by is null and expires_at < now() - make_interval(hours => $1)
       order by expires_at limit $2 for update skip locked)
     returning object_key as key`,
    [olderThanHours, limit],
  );
  return rows.map(({ key }) => key);
}
