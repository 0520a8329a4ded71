import { hkdfSync } from 'node:crypto';
import type { Database } from '../../db/database.ts';
import { FreshAnswers } from '../../db/search/fresh-answers.ts';
import { openAnswerCaches } from '../../db/search/open-answer-caches.ts';
import type { Config } from '../../platform/config.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { OutboundClient } from '../../platform/http/outbound.ts';
import type { Logger } from '../../platform/log.ts';
import type { Redis } from '../../platform/redis/redis.ts';
import { createSearchEngine, type RunningSearchEngine } from './engine.ts';

/** The search engine of a process, with the parts that it has to itself. `close` ends them all. */
export function openSearchEngine({
  config,
  database,
  redis,
  log,
}: {
  config: Config;
  database: Database;
  redis: Redis | null;
  log: Logger;
}): RunningSearchEngine {
  const ring = config.ENCRYPTION_KEYS;
  const secret = ring.keys.get(ring.current);
  if (!secret) throw new Error('The current key is not in the key ring.');
  const outbound = new OutboundClient({ allowPrivate: config.OUTBOUND_ALLOW_PRIVATE });
  const secretBox = new SecretBox(ring);
  const engine = createSearchEngine({
    database,
    answerCaches: openAnswerCaches(database, redis, secretBox),
    freshAnswers: redis ? null : new FreshAnswers(database),
    outbound,
    secretBox,
    hashKey: Buffer.from(hkdfSync('sha256', secret, '', 'perdure search log', 32)),
    log,
  });
  return {
    search: engine.search.bind(engine),
    searchMany: engine.searchMany.bind(engine),
    paid: engine.paid.bind(engine),
    recordEffects: engine.recordEffects.bind(engine),
    price: engine.price.bind(engine),
    mayWait: engine.mayWait.bind(engine),
    testProvider: engine.testProvider.bind(engine),
    forgetAnswers: engine.forgetAnswers.bind(engine),
    close: async () => {
      await engine.close();
      await outbound.close();
    },
  };
}
