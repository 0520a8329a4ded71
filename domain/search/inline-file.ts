/** The folder of the keys of files that lie in the database. */
export const inlineFolder = 'inline';

/**
 * Most bytes of such a file. Up to here, writing it with the process that it belongs to costs less than the four or more
 * syncs (or the call to S3) of an object of its own, and PostgreSQL's own pages hold it well.
 */
export const mostInlineBytes = 65_536;

/** Whether a key, or the beginning of keys, is of files that lie in the database. */
export function isInline(key: string): boolean {
  return key.startsWith(`${inlineFolder}/`);
}
