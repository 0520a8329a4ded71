import { createHash } from 'node:crypto';
import type { VendorAnswer, VendorRequest } from '../simulator/server.ts';
import { ApiError } from './api-error.ts';
import type { World } from './world.ts';

interface KeptAnswer {
  parameters: string;
  status: number;
  body: unknown;
  created: number;
}

/** Stripe keeps keys for at least 24 hours (docs.stripe.com/api/idempotent_requests); here it is no longer than that. */
const keptSeconds = 86_400;

/**
 * Does the work of a POST once per key, and answers every further request with what the first one was answered, whatever
 * that was. Other parameters under a key are an error.
 */
export function onceByKey(world: World, request: VendorRequest, work: () => unknown): VendorAnswer {
  const key = request.headers['idempotency-key'];
  if (request.method !== 'POST' || typeof key !== 'string') return attempt(work).answer;
  if (key.length > 255)
    throw new ApiError(400, { message: 'Idempotency keys are limited to 255 characters.' }, false);
  const parameters = createHash('sha256').update(`${request.path}\n${request.body}`).digest('hex');
  const known = world.journal.get<KeptAnswer>('keys', key);
  if (known && world.now() < known.created + keptSeconds) {
    if (known.parameters !== parameters) {
      const message = `Keys for idempotent requests can only be used with the same parameters they were first used with.`;
      throw new ApiError(400, { type: 'idempotency_error', message }, false);
    }
    return { status: known.status, body: known.body, headers: { 'idempotent-replayed': 'true' } };
  }
  world.requestKey = key;
  const { answer, kept } = attempt(work);
  world.requestKey = null;
  if (kept) {
    const { status, body } = answer;
    world.journal.put('keys', key, { parameters, status, body, created: world.now() });
  }
  return answer;
}

function attempt(work: () => unknown): { answer: VendorAnswer; kept: boolean } {
  try {
    // As it is now: the object goes on changing.
    return { answer: { status: 200, body: structuredClone(work()) }, kept: true };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { answer: { status: error.status, body: { error: error.error } }, kept: error.kept };
  }
}
