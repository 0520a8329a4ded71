import { z } from 'zod';

/** The subprotocol of our WebSockets. A change that old clients don't understand has another name. */
export const subprotocol = 'perdure.v1';

const ref = z.string().max(100).optional();
const channel = z.string().min(1).max(50);
const topic = z.string().min(1).max(100).optional();
const eventId = z.int().min(0);

/** What a client may say. `ref` is given back with the answer. */
export const clientMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('subscribe'),
    ref,
    channel,
    topic,
    /** The `id` of the last event heard. */
    after: eventId.optional(),
    /** How many events may be on their way without an `ack`. */
    window: z.int().min(1).max(1_000).optional(),
  }),
  z.strictObject({ type: z.literal('unsubscribe'), ref, channel, topic }),
  z.strictObject({ type: z.literal('ack'), channel, topic, id: eventId }),
  z.strictObject({
    type: z.literal('do'),
    ref,
    channel,
    command: z.string().min(1).max(50),
    data: z.record(z.string(), z.unknown()).default({}),
  }),
  z.strictObject({ type: z.literal('authenticate'), ref, token: z.string().min(1).max(4_096) }),
  z.strictObject({ type: z.literal('ping'), ref }),
]);

export type ClientMessage = z.output<typeof clientMessage>;
