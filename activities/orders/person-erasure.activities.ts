import { countErased, erasedCounts } from '../../db/erasure-counts.ts';
import {
  deleteNotes,
  eraseCustomer,
  notesAfter,
  ordersAfter,
  type SpeakingRow,
} from '../../db/orders/person-erasure.ts';
import { textsIn, type Recogniser } from '../../domain/search/data-subject.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { PersonErasureActivities, PersonErasureInput } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { personOfErasure } from '../platform/person-erasure.ts';
import type { WorkerServices } from '../services.ts';

const rowsAtOnce = 5_000;
const waitingShown = 100;

/** Finds a person among the customers of orders, and takes them out. Each step finds nothing when it is repeated. */
export function createOrderPersonErasureActivities({
  database,
  storage,
  config,
}: Pick<WorkerServices, 'database' | 'storage' | 'config'>): PersonErasureActivities {
  const box = new SecretBox(config.ENCRYPTION_KEYS);

  /** Has all rows worked on that are of the person, page by page. */
  const lookThrough = async (
    { tenantId, before }: PersonErasureInput,
    recogniser: Recogniser,
    signal: AbortSignal,
    look: typeof ordersAfter,
    work: (rows: SpeakingRow[]) => Promise<void>,
  ): Promise<void> => {
    for (let after: string | null = null; ;) {
      signal.throwIfAborted();
      const from: string | null = after;
      const page: Awaited<ReturnType<typeof ordersAfter>> = await database.read('orders', ({ sql }) =>
        look(sql, tenantId, before, from, rowsAtOnce, recogniser.needles),
      );
      if (page.reached === null) return;
      after = page.reached;
      const spoken = page.found.filter(({ texts }) => recogniser.holds(textsIn(texts)));
      if (spoken.length > 0) await work(spoken);
    }
  };

  return {
    erasePersonData: (given) =>
      withHeartbeat(async (signal) => {
        const waiting: string[] = [];
        const recogniser = await personOfErasure(storage, box, given, signal);
        if (recogniser) {
          await lookThrough(given, recogniser, signal, ordersAfter, async (orders) => {
            for (const { id, needed } of orders) {
              signal.throwIfAborted();
              if (needed) {
                if (waiting.length < waitingShown) waiting.push(`order:${id}`);
                continue;
              }
              await database.transaction('orders', async (transaction) => {
                await eraseCustomer(transaction, given.tenantId, id);
                await countErased(transaction.sql, 'orders', given, 'orders', 1);
              });
            }
          });
          await lookThrough(given, recogniser, signal, notesAfter, async (notes) => {
            await database.transaction('orders', ({ sql }) =>
              deleteNotes(
                sql,
                notes.map(({ id }) => id),
              ),
            );
          });
        }
        const counts = await database.read('orders', ({ sql }) => erasedCounts(sql, 'orders', given));
        return { counts: { orders: 0, ...counts }, waiting };
      }),
  };
}
