import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { closeAfterRun, oncePerRun, runFolder } from './run.ts';
import { sharedRedis } from './redis.ts';
import { findSeaweedfs, startSeaweedfs } from './seaweedfs.ts';

/**
 * What a system under test is made of. The usual form is that of the strictest deployment where no other is told: a
 * database a domain, and neither Redis nor S3.
 */
export interface Form {
  /** All domains in one database, as `npm start` and the compose file have it. */
  oneDatabase: boolean;
  redis: boolean;
  /** The objects in an S3 instead of a folder. */
  s3: boolean;
}

const names = ['one-database', 'redis', 's3'];

/** The form that `TEST_FORM` names for the whole run, as words with commas between them. */
export function formOfRun(): Form {
  const words = (process.env['TEST_FORM'] ?? '').split(',').filter(Boolean);
  const unknown = words.filter((word) => !names.includes(word));
  if (unknown.length > 0)
    throw new Error(`TEST_FORM: no ${unknown.join(', ')}; there are ${names.join(', ')}`);
  return {
    oneDatabase: words.includes('one-database'),
    redis: words.includes('redis'),
    s3: words.includes('s3'),
  };
}

/** Whether this machine has the programs that a form needs. */
export async function hasPartsOf(form: Form): Promise<boolean> {
  if (form.redis && !(await sharedRedis())) return false;
  return !form.s3 || (await sharedS3()) !== undefined;
}

/** The settings of a system in this form, besides its databases. */
export async function settingsOf(form: Form): Promise<Record<string, string>> {
  return { ...(await redisSettings(form)), ...(await storageSettings(form)) };
}

async function redisSettings(form: Form): Promise<Record<string, string>> {
  if (!form.redis) return {};
  const redis = await sharedRedis();
  if (!redis) throw new Error('There is no redis-server on this machine (REDIS_SERVER_PATH).');
  return { REDIS_URL: redis.url };
}

async function storageSettings(form: Form): Promise<Record<string, string>> {
  if (!form.s3) {
    return {
      STORAGE_DIR: await mkdtemp(join(await runFolder(), 'storage-')),
      STORAGE_SIGNING_SECRET: 'a-secret-that-only-tests-know-of-0123456789',
    };
  }
  const s3 = await sharedS3();
  if (!s3) throw new Error('SeaweedFS can’t be had on this machine (WEED_PATH).');
  const { bucket, endpoint = '', credentials } = s3.options;
  return {
    S3_BUCKET: bucket,
    S3_ENDPOINT: endpoint,
    S3_ACCESS_KEY_ID: credentials?.accessKeyId ?? '',
    S3_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? '',
  };
}

/** One S3 for the run, or undefined. */
const sharedS3 = oncePerRun(async () => {
  const program = await findSeaweedfs();
  if (program === undefined) return undefined;
  const s3 = await startSeaweedfs(program);
  closeAfterRun(() => s3.stop());
  return s3;
});
