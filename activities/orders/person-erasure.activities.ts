import { countErased, erasedCounts } from '../../db/erasure-counts.ts';
import { deleteNotes, eraseCustomer, notesAfter, ordersAfter } from '../../db/orders/person-erasure.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { PersonErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { lookThrough } from '../platform/look-through.ts';
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

  return {
    erasePersonData: (given) =>
      withHeartbeat(async (signal) => {
        const waiting: string[] = [];
        const recogniser = await personOfErasure(storage, box, given, signal);
        if (recogniser) {
          const { tenantId, before } = given;
          const { needles } = recogniser;
          const from = (after: string | null) => ({ tenantId, before, after, limit: rowsAtOnce, needles });
          const someOrders = (after: string | null) =>
            database.read('orders', ({ sql }) => ordersAfter(sql, from(after)));
          await lookThrough(recogniser.holds, signal, someOrders, async (orders) => {
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
          const someNotes = (after: string | null) =>
            database.read('orders', ({ sql }) => notesAfter(sql, from(after)));
          await lookThrough(recogniser.isMentioned, signal, someNotes, async (notes) => {
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
