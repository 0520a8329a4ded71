import { setTimeout as pause } from 'node:timers/promises';
import type { BatchState } from '../stage/client.ts';
import type { Stage, Tenant } from '../stage/stage.ts';
import { phoneTable } from './phone-batches.ts';

const ended = ['cancelled', 'completed', 'failed'];

/** Runs work while the workers search a large batch of another tenant, which is given up afterwards. */
export async function besideLargeBatch<T>(
  stage: Stage,
  rows: number,
  work: (large: { tenant: Tenant; id: string }) => Promise<T>,
): Promise<{ result: T; searching: boolean }> {
  const tenant = await stage.tenant();
  const { id } = await tenant.api.upload<BatchState>('/v1/batches', phoneTable(rows, 50_000_000), {
    kind: 'phone',
  });
  const stateOf = async () => (await tenant.api.get<BatchState>(`/v1/batches/${id}`)).state;
  for (let state = await stateOf(); state !== 'searching'; state = await stateOf()) {
    if (ended.includes(state)) throw new Error(`The large batch was ${state} before anything ran beside it.`);
    await pause(100);
  }
  const result = await work({ tenant, id });
  // Had it ended meanwhile, the last of the work would have been beside nothing.
  const searching = (await stateOf()) === 'searching';
  if (searching) await tenant.api.post(`/v1/batches/${id}/cancel`, {});
  while (!ended.includes(await stateOf())) await pause(100);
  return { result, searching };
}
