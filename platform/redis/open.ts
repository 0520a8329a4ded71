import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { Redis } from './redis.ts';

/** The Redis that the configuration names, or null: then its work is PostgreSQL's. */
export async function openRedis(config: Config, log: Logger): Promise<Redis | null> {
  return config.REDIS_URL ? await Redis.open(config.REDIS_URL, log) : null;
}
