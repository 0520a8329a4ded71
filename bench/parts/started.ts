import { setTimeout as pause } from 'node:timers/promises';
import type { BatchState } from '../stage/client.ts';
import { figure, quantile, type Part } from './part.ts';
import { phoneTable } from './phone-batches.ts';

const batches = 60;

/** How long after the answer to the caller the workflow of a batch has started, by Temporal's own clock on the same machine. */
export const started: Part = {
  name: 'started',
  about: 'from the answer 202 to the start of the workflow',
  async run(stage) {
    const tenant = await stage.tenant();
    const delays: number[] = [];
    await stage.withTemporalClient(async (client) => {
      for (let place = 0; place < batches; place += 1) {
        const { id } = await tenant.api.upload<BatchState>('/v1/batches', phoneTable(3, place * 3), {
          kind: 'phone',
        });
        const acceptedAt = Date.now();
        for (;;) {
          const { state } = await tenant.api.get<BatchState>(`/v1/batches/${id}`);
          if (state === 'completed') break;
          await pause(20);
        }
        const { startTime } = await client.workflow.getHandle(`batch:${id}`).describe();
        // A start that comes before the answer has reached us takes no time.
        delays.push(Math.max(0, startTime.getTime() - acceptedAt));
      }
    });
    const p50 = quantile(delays, 0.5);
    return [
      {
        what: 'accepted → workflow started',
        against: '–',
        target: 'p50 ≤ 50 ms',
        measured: `${figure(p50)} ms`,
        met: p50 <= 50,
        figures: { batches, 'p50 ms': p50, 'p95 ms': quantile(delays, 0.95), 'most ms': Math.max(...delays) },
      },
    ];
  },
};
