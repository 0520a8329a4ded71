export const searchErrors = {
  'search.record_set_not_found': 'not_found',
  'search.provider_not_found': 'not_found',
  'search.batch_not_found': 'not_found',
  'search.phone_invalid': 'unprocessable',
  'search.email_invalid': 'unprocessable',
  'search.file_empty': 'unprocessable',
  'search.file_binary': 'unprocessable',
  'search.file_truncated': 'unprocessable',
  'search.file_encoding': 'unprocessable',
  'search.file_too_large': 'too_large',
  'search.file_zip_bomb': 'unprocessable',
  'search.mapping_invalid': 'unprocessable',
} as const;
