import { setTimeout } from 'node:timers/promises';
import { countErased, erasedCounts } from '../../db/erasure-counts.ts';
import { eraseFeedItems } from '../../db/notifications/feed-erasure.ts';
import {
  addressesAfter,
  claimsUnderWay,
  deliveriesAfter,
  eraseAddress,
  feedItemsAfter,
  forgetDetails,
  forgetMailAnswers,
  suppressionsAfter,
} from '../../db/notifications/person-erasure.ts';
import { ErasedAddresses } from '../../domain/notifications/erased-address.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import type { PersonErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { eraseTexts, type DomainErasure } from '../platform/erase-texts.ts';
import { lookThrough } from '../platform/look-through.ts';
import { personOfErasure } from '../platform/person-erasure.ts';
import type { WorkerServices } from '../services.ts';

const rowsAtOnce = 5_000;
const claimsEveryMs = 500;

/** Finds a person in what people were told, and takes them out. Each step finds nothing when it is repeated. */
export function createNotificationPersonErasureActivities({
  database,
  storage,
  config,
}: Pick<WorkerServices, 'database' | 'storage' | 'config'>): PersonErasureActivities {
  const box = new SecretBox(config.ENCRYPTION_KEYS);
  const erasedAddresses = new ErasedAddresses(config.ENCRYPTION_KEYS);

  /** Mails to the customers of orders that were emptied just before: what is being sent may still note an address. */
  const untilMailsAreOut = async (tenantId: string, signal: AbortSignal): Promise<void> => {
    const underWay = () => database.read('notifications', ({ sql }) => claimsUnderWay(sql, tenantId));
    for (let left = await underWay(); left.length > 0;) {
      await setTimeout(claimsEveryMs, undefined, { signal });
      const now = new Set(await underWay());
      left = left.filter((claim) => now.has(claim));
    }
  };

  const eraseAddresses = async ({ given, recogniser, signal }: DomainErasure): Promise<void> => {
    const { tenantId, before: since } = given;
    const { needles } = recogniser;
    await lookThrough(
      recogniser.holds,
      signal,
      // Also those from since then: an order that was under way has sent its mails there.
      (after) =>
        database.read('notifications', ({ sql }) =>
          addressesAfter(sql, { tenantId, before: 'infinity', after, limit: rowsAtOnce, needles }),
        ),
      async (rows) => {
        for (const { id } of rows)
          await database.transaction('notifications', async ({ sql }) => {
            const inPlaceOf = (address: string) => erasedAddresses.inPlaceOf(tenantId, address);
            const erased = await eraseAddress(sql, id, since, inPlaceOf);
            await countErased(sql, 'notifications', given, 'addresses', erased ? 1 : 0);
          });
      },
    );
  };

  return {
    erasePersonData: (given) =>
      withHeartbeat(async (signal) => {
        const recogniser = await personOfErasure(storage, box, given, signal);
        if (recogniser) {
          await untilMailsAreOut(given.tenantId, signal);
          const erasure: DomainErasure = { database, domain: 'notifications', given, recogniser, signal };
          await eraseAddresses(erasure);
          await eraseTexts(erasure, 'notices', suppressionsAfter, ({ sql }, ids) => forgetDetails(sql, ids));
          await eraseTexts(erasure, 'notices', deliveriesAfter, ({ sql }, ids) =>
            forgetMailAnswers(sql, ids),
          );
          await eraseTexts(erasure, 'notices', feedItemsAfter, eraseFeedItems);
        }
        const counts = await database.read('notifications', ({ sql }) =>
          erasedCounts(sql, 'notifications', given),
        );
        return { counts: { addresses: 0, notices: 0, ...counts }, waiting: [] };
      }),
  };
}
