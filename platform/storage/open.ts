import type { Config } from '../config.ts';
import { FolderStorage } from './folder.ts';
import type { ObjectStorage } from './object-storage.ts';
import { S3Storage } from './s3.ts';

/** The object storage that the configuration names: a folder, or a bucket of any S3. */
export function openStorage(config: Config): ObjectStorage {
  if (config.S3_BUCKET) {
    return new S3Storage({
      bucket: config.S3_BUCKET,
      region: config.S3_REGION,
      ...(config.S3_ENDPOINT ? { endpoint: config.S3_ENDPOINT, forcePathStyle: true } : {}),
      ...(config.S3_PUBLIC_ENDPOINT ? { publicEndpoint: config.S3_PUBLIC_ENDPOINT } : {}),
      ...(config.S3_ACCESS_KEY_ID && config.S3_SECRET_ACCESS_KEY
        ? {
            credentials: {
              accessKeyId: config.S3_ACCESS_KEY_ID,
              secretAccessKey: config.S3_SECRET_ACCESS_KEY,
            },
          }
        : {}),
    });
  }
  return new FolderStorage({
    root: config.STORAGE_DIR ?? '',
    baseUrl: config.PUBLIC_URL,
    secret: config.STORAGE_SIGNING_SECRET ?? '',
  });
}
