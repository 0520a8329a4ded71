import type { Database } from '../../db/database.ts';
import { claimDeliveries, type ClaimedDelivery } from '../../db/webhooks/claims.ts';
import { noteLost, type AttemptResult } from '../../db/webhooks/results.ts';
import type { Logger } from '../../platform/log.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Sender } from './sender.ts';
import { Settlements } from './settlements.ts';

/** Messages that one process has under way at once, over all endpoints. */
const mostUnderWay = 500;

interface DispatcherParts {
  database: Database;
  sender: Sender;
  log: Logger;
  metrics: Metrics;
  /** Something was settled, so that there is room for more. */
  onSettled: () => void;
}

/**
 * Takes messages that are due and sends them. Each endpoint has a few places of its own, so one that hangs takes those and
 * nobody else's.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #settlements: Settlements;
  readonly #busy = new Map<string, number>();
  readonly #underWay = new Set<Promise<void>>();
  #count = 0;
  /** Where the last look ended, and who had the last place in it. */
  #reached = '';
  #turn = '';

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    const { database, log } = parts;
    this.#settlements = new Settlements({ database, log, onDone: (result) => this.#release(result) });
  }

  /**
   * One look for what is due. Sends it without waiting for the answers.
   *
   * @returns how many were taken, and in how many milliseconds something more is due; 0 when there may be more at once,
   *   null when nothing is known of
   */
  async once(): Promise<{ taken: number; nextMs: number | null }> {
    const room = mostUnderWay - this.#count;
    if (room <= 0) return { taken: 0, nextMs: null };
    const { deliveries, nextMs, reached, turn } = await this.#parts.database.transaction(
      'webhooks',
      async ({ sql }) => {
        const claims = await claimDeliveries(sql, this.#busy, room, this.#reached, this.#turn);
        await noteLost(sql, claims.deliveries);
        return claims;
      },
    );
    this.#reached = reached;
    this.#turn = turn;
    for (const delivery of deliveries) this.#start(delivery);
    return { taken: deliveries.length, nextMs: reached === '' ? nextMs : 0 };
  }

  /** When all that was taken is sent and written down. */
  async done(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    await this.#settlements.done();
  }

  #start(delivery: ClaimedDelivery): void {
    const { endpointId } = delivery;
    this.#count += 1;
    this.#busy.set(endpointId, (this.#busy.get(endpointId) ?? 0) + 1);
    const work = this.#send(delivery).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  async #send(delivery: ClaimedDelivery): Promise<void> {
    const { sender, log } = this.#parts;
    try {
      this.#settlements.add(await sender.send(delivery));
    } catch (error) {
      // The claim runs out, and the attempt is made again.
      const { messageId, endpointId, tenantId } = delivery;
      log.error(
        { err: error, message_id: messageId, endpoint_id: endpointId, tenant_id: tenantId },
        'a webhook could not be sent because of a bug',
      );
      this.#free(endpointId);
      this.#parts.onSettled();
    }
  }

  #release({ delivery, attempt }: AttemptResult): void {
    const { metrics } = this.#parts;
    metrics.webhookAttempts.inc({ outcome: attempt.outcome });
    if (delivery.trigger === 'event' && attempt.number === 1) {
      const late = attempt.startedAt.getTime() - new Date(delivery.occurredAt).getTime();
      metrics.webhookFirstAttemptSeconds.observe(Math.max(0, late) / 1_000);
    }
    this.#free(delivery.endpointId);
    this.#parts.onSettled();
  }

  #free(endpointId: string): void {
    this.#count -= 1;
    const busy = (this.#busy.get(endpointId) ?? 1) - 1;
    if (busy > 0) this.#busy.set(endpointId, busy);
    else this.#busy.delete(endpointId);
  }
}
