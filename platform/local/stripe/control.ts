import { z } from 'zod';
import { fault, type Faults } from '../simulator/faults.ts';
import type { VendorAnswer, VendorRequest } from '../simulator/server.ts';
import type { WebhookSender } from '../simulator/webhook-sender.ts';
import { ApiError } from './api-error.ts';
import type { StripeParts } from './routes.ts';

const seconds = z.strictObject({ seconds: z.int().min(1).max(31_536_000) });
const success = z.strictObject({ success: z.boolean() });
const webhookFaults = z.strictObject({
  drop: z.int().min(0).optional(),
  copies: z.int().min(1).max(10).optional(),
});

/**
 * What Stripe's API does not have: faults, the clock, and what customers and banks do. JSON in, JSON out.
 *
 * - `POST /_control/faults` a fault (see `faults.ts`), `GET` those that wait, `DELETE` ends them
 * - `POST /_control/clock` `{seconds}` puts the clock forward: keys are pruned, holds end
 * - `POST /_control/webhooks` `{drop}` loses the next so many, `{copies}` sends each so many times
 * - `POST /_control/payment_intents/{id}/authenticate` and `POST /_control/refunds/{id}/finish`, `{success}`
 */
export function control(
  { method, path, body }: VendorRequest,
  { world, intents, refunds, faults, webhooks }: StripeParts & { faults: Faults; webhooks: WebhookSender },
): VendorAnswer {
  const [, , kind = '', id = ''] = path.split('/').map(decodeURIComponent);
  const read = <T extends z.ZodType>(shape: T): z.output<T> => {
    const parsed = shape.safeParse(jsonOf(body));
    if (!parsed.success) throw new ApiError(400, { message: z.prettifyError(parsed.error) }, false);
    return parsed.data;
  };
  switch (`${method} ${kind}`) {
    case 'POST faults':
      faults.add(read(fault));
      return { status: 201, body: { faults: faults.waiting } };
    case 'GET faults':
      return { status: 200, body: { faults: faults.waiting } };
    case 'DELETE faults':
      faults.clear();
      return { status: 200, body: { faults: [] } };
    case 'POST clock':
      world.putClockForward(read(seconds).seconds);
      return { status: 200, body: { now: world.now() } };
    case 'POST webhooks': {
      const { drop, copies } = read(webhookFaults);
      if (drop !== undefined) webhooks.drop(drop);
      if (copies !== undefined) webhooks.repeat(copies);
      return { status: 200, body: {} };
    }
    case 'POST payment_intents':
      return { status: 200, body: intents.authenticate(id, read(success).success) };
    case 'POST refunds':
      return { status: 200, body: refunds.finish(id, read(success).success) };
    default:
      throw new ApiError(404, { message: 'There is no such control.' }, false);
  }
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
