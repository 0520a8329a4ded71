import type { Database } from '../../db/database.ts';
import type { AnswerCaches } from '../../db/search/answer-cache.ts';
import type { FreshAnswers } from '../../db/search/fresh-answers.ts';
import type { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { OutboundClient } from '../../platform/http/outbound.ts';
import type { Logger } from '../../platform/log.ts';

/** What the search engine is made of. */
export interface SearchParts {
  database: Database;
  answerCaches: AnswerCaches;
  /** A first look at answers, for many at once; null where they are not in PostgreSQL. */
  freshAnswers: FreshAnswers | null;
  outbound: OutboundClient;
  /** Opens and seals the secrets of providers. */
  secretBox: SecretBox;
  /** Keys the hashes of questions in the log, so that nobody can guess a number from its hash. */
  hashKey: Buffer;
  log: Logger;
}
