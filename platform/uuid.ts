import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const pool = Buffer.alloc(4_096);
let at = pool.length;

/** Bytes that were drawn for many at once: each draw of its own would take as long. They are given out once. */
function randomBytes(count: number): Buffer {
  if (at + count > pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  at += count;
  return pool.subarray(at - count, at);
}

/** Random bytes in hex, for names and not for secrets. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

/** A UUID of version 7, where many are made. Those of one millisecond are in no order among themselves. */
export function manyUuids(): string {
  return v7({ random: randomBytes(16) });
}

let millisecond = 0;
let place = 0;

/** A UUID of version 7 that is greater than those this process has made before, so that a list by it is in their order. */
export function orderedUuid(): string {
  const random = randomBytes(16);
  const now = Date.now();
  if (now > millisecond) {
    millisecond = now;
    // Half of the room that 32 bits give is left for the others of this millisecond.
    place = random.readUInt32BE(0) >>> 1;
  } else place += 1;
  return v7({ random, msecs: millisecond, seq: place });
}
