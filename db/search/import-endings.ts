import { Failure } from '../../domain/failure.ts';
import { isImportFinished } from '../../domain/search/import.ts';
import type { Transaction } from '../database.ts';
import { databaseNow } from '../now.ts';
import type { Actor } from './batch.repository.ts';
import { changeImport, ImportRepository } from './import.repository.ts';
import type { Import } from './import.ts';
import { invalidateSearchCache } from './provider.repository.ts';
import { RecordSetRepository } from './record-set.repository.ts';

/**
 * Fails an import that the caller holds locked. What a replacement has stored is never shown; what was added stays, and
 * searches find it.
 */
export async function failImport(
  transaction: Transaction,
  given: Import,
  problem: NonNullable<Import['problem']>,
): Promise<Import> {
  await giveUp(transaction, given);
  return await changeImport(
    transaction,
    given,
    { phase: 'failed', finishedAt: databaseNow, problem },
    { type: 'search.import_failed', data: { code: problem.code } },
  );
}

/**
 * Ends an import at its owner's wish, with the same consequences as a failure. Steps at work store nothing from now on.
 * One that is cancelled already stays so.
 *
 * @throws Failure `search.import_not_found`, `search.import_state` when it has ended otherwise
 */
export async function cancelImport(
  transaction: Transaction,
  tenantId: string,
  { recordSetId, importId }: { recordSetId: string; importId: string },
  actor: Actor,
): Promise<Import> {
  const given = await new ImportRepository(transaction.sql).lock(tenantId, importId);
  if (given.recordSetId !== recordSetId)
    throw new Failure('search.import_not_found', 'There is no such import.');
  if (given.phase === 'cancelled') return given;
  if (isImportFinished(given.phase)) {
    const message = `The import is ${given.phase}. Only one that is still at work can be cancelled.`;
    throw new Failure('search.import_state', message, { state: given.phase });
  }
  await giveUp(transaction, given);
  return await changeImport(
    transaction,
    given,
    { phase: 'cancelled', finishedAt: databaseNow },
    { type: 'search.import_cancelled', data: { mode: given.mode, imported: given.rowsImported } },
    actor,
  );
}

/** Ends the import that is at work on a record set, because the set is deleted. */
export async function abandonImports(
  transaction: Transaction,
  tenantId: string,
  recordSetId: string,
): Promise<void> {
  const [atWork] = await transaction.sql<{ id: string }>(
    `select id from search.imports where tenant_id = $1 and record_set_id = $2
       and phase in ('submitted', 'validating', 'importing', 'publishing')`,
    [tenantId, recordSetId],
  );
  if (!atWork) return;
  const given = await new ImportRepository(transaction.sql).lock(tenantId, atWork.id);
  if (isImportFinished(given.phase)) return;
  const problem = { code: 'search.record_set_not_found', message: 'The record set was deleted.' };
  await failImport(transaction, given, problem);
}

async function giveUp({ sql }: Transaction, { tenantId, contentId, rowsImported }: Import): Promise<void> {
  await new RecordSetRepository(sql, tenantId).retireHidden(contentId);
  // Answers from before do not know whom was added.
  if (rowsImported > 0) await invalidateSearchCache(sql, tenantId);
}
