import type { ErrorCode } from '../../domain/errors.ts';

/** What can be wrong with a file that is sent, as far as it is looked at before the answer. */
export const fileFailures = [
  'search.upload_malformed',
  'search.upload_not_found',
  'search.upload_used',
  'search.upload_missing',
  'storage.object_too_large',
  'storage.full',
  'search.file_empty',
  'search.file_binary',
  'search.file_truncated',
  'search.file_corrupt',
  'search.file_encoding',
  'search.file_format',
  'search.file_header',
  'search.file_zip_bomb',
  'search.mapping_invalid',
] as const satisfies readonly ErrorCode[];
