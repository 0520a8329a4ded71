import { countErased, erasedCounts } from '../../db/erasure-counts.ts';
import { releaseWaiting } from '../../db/webhooks/outbound-retention.ts';
import {
  answersAfter,
  bodiesAfter,
  deleteMessages,
  forgetAnswers,
  forgetBodies,
  messagesAfter,
  type KeptBody,
} from '../../db/webhooks/person-erasure.ts';
import { textsIn } from '../../domain/search/data-subject.ts';
import { ifOpens, SecretBox } from '../../platform/crypto/secret-box.ts';
import { SourceSecrets } from '../../services/webhooks/source-secrets.ts';
import type { PersonErasureActivities } from '../../workflows/tenants/messages.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { eraseTexts, type DomainErasure } from '../platform/erase-texts.ts';
import { personOfErasure } from '../platform/person-erasure.ts';
import type { WorkerServices } from '../services.ts';

const bodiesAtOnce = 200;
const waitingShown = 100;

/** Finds a person in what came in and went out, and takes them out. Each step finds nothing when it is repeated. */
export function createWebhookPersonErasureActivities({
  database,
  storage,
  config,
}: Pick<WorkerServices, 'database' | 'storage' | 'config'>): PersonErasureActivities {
  const box = new SecretBox(config.ENCRYPTION_KEYS);
  const secrets = new SourceSecrets(config.ENCRYPTION_KEYS);

  /** Bodies are sealed, so each is opened. Gives what still needs one that speaks of the person. */
  const eraseBodies = async ({ given, recogniser, signal }: DomainErasure): Promise<string[]> => {
    const { tenantId, before } = given;
    const waiting = new Set<string>();
    for (let after: string | null = null; ;) {
      signal.throwIfAborted();
      const from: string | null = after;
      const bodies: KeptBody[] = await database.read('webhooks', ({ sql }) =>
        bodiesAfter(sql, tenantId, before, from, bodiesAtOnce),
      );
      const last = bodies.at(-1);
      if (!last) return [...waiting];
      after = last.id;
      const spoken = bodies.filter(({ id, body }) => {
        const opened = ifOpens(() => secrets.openBody(tenantId, id, body));
        // One that can't be opened may speak of the person, and nothing reads it any more.
        return opened === null || recogniser.isMentioned(textsIn(opened));
      });
      for (const { needed, inboundId } of spoken)
        if (needed && waiting.size < waitingShown) waiting.add(`inbound:${inboundId}`);
      const done = spoken.filter(({ needed }) => !needed).map(({ id }) => id);
      if (done.length === 0) continue;
      await database.transaction('webhooks', async ({ sql }) => {
        await countErased(sql, 'webhooks', given, 'webhooks', await forgetBodies(sql, done));
      });
    }
  };

  return {
    erasePersonData: (given) =>
      withHeartbeat(async (signal) => {
        const recogniser = await personOfErasure(storage, box, given, signal);
        let waiting: string[] = [];
        if (recogniser) {
          const erasure: DomainErasure = { database, domain: 'webhooks', given, recogniser, signal };
          waiting = await eraseBodies(erasure);
          await eraseTexts(erasure, 'messages', messagesAfter, ({ sql }, ids) => deleteMessages(sql, ids));
          await eraseTexts(erasure, 'messages', answersAfter, ({ sql }, ids) => forgetAnswers(sql, ids));
          // What has waited behind a message that is gone.
          await database.transaction('webhooks', ({ sql }) => releaseWaiting(sql));
        }
        const counts = await database.read('webhooks', ({ sql }) => erasedCounts(sql, 'webhooks', given));
        return { counts: { webhooks: 0, messages: 0, ...counts }, waiting };
      }),
  };
}
