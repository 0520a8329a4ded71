import type { Database, Transaction } from '../../db/database.ts';
import { countErased } from '../../db/erasure-counts.ts';
import type { SpeakingLook, SpeakingPage } from '../../db/speaking-texts.ts';
import type { Sql } from '../../db/sql.ts';
import type { Domain } from '../../domain/domains.ts';
import type { Recogniser } from '../../domain/search/data-subject.ts';
import type { PersonErasureInput } from '../../workflows/tenants/messages.ts';
import { lookThrough } from './look-through.ts';

const rowsAtOnce = 5_000;

/** A person who is forgotten in one domain. */
export interface DomainErasure {
  database: Database;
  domain: Domain;
  given: PersonErasureInput;
  recogniser: Recogniser;
  signal: AbortSignal;
}

/**
 * Has texts erased that are of a person or mention him, page by page, and counts it in the transaction in which it goes.
 *
 * @param kind what it counts as
 * @param look gives the rows of a page that may speak of the person
 * @param erase gives how many it has erased
 */
export async function eraseTexts(
  { database, domain, given, recogniser, signal }: DomainErasure,
  kind: string,
  look: (sql: Sql, page: SpeakingLook) => Promise<SpeakingPage>,
  erase: (transaction: Transaction, ids: readonly string[]) => Promise<number>,
): Promise<void> {
  const { tenantId, before } = given;
  const { needles } = recogniser;
  await lookThrough(
    recogniser.isMentioned,
    signal,
    (after) =>
      database.read(domain, ({ sql }) => look(sql, { tenantId, before, after, limit: rowsAtOnce, needles })),
    (rows) =>
      database.transaction(domain, async (transaction) => {
        const ids = rows.map(({ id }) => id);
        await countErased(transaction.sql, domain, given, kind, await erase(transaction, ids));
      }),
  );
}
