import type { Database } from '../../db/database.ts';
import type { Config } from '../../platform/config.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import { openStorage } from '../../platform/storage/open.ts';
import { FileStorage } from './file-storage.ts';

/** Where the files of this process's domains live: the object storage, and the database for small ones. */
export function openFileStorage(config: Config, database: Database): ObjectStorage {
  return new FileStorage(openStorage(config), database);
}
