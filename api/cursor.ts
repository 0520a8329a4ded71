import { createHmac, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import { Failure } from '../domain/failure.ts';
import { derivedKeys, type TokenKeyRing } from '../domain/identity/tokens.ts';

/**
 * Cursors of lists: the place of the last item, signed together with the list it belongs to. One that was changed, or is
 * sent to another list, another tenant or with other filters, is refused.
 */
export class Cursors {
  readonly #keys: [Buffer, ...Buffer[]];

  constructor(ring: TokenKeyRing) {
    this.#keys = derivedKeys(ring, 'perdure cursors');
  }

  /** @param list names the list and everything that it was filtered by, the tenant above all. */
  encode(list: string, position: unknown): string {
    const payload = Buffer.from(JSON.stringify(position)).toString('base64url');
    return `${payload}.${macOf(this.#keys[0], list, payload).toString('base64url')}`;
  }

  /** Throws `request.cursor_invalid` for anything but a cursor that `encode` gave for this list. */
  decode<S extends z.ZodType>(list: string, cursor: string, schema: S): z.output<S> {
    const [payload = '', mac = '', ...rest] = cursor.split('.');
    const given = Buffer.from(mac, 'base64url');
    const genuine =
      rest.length === 0 &&
      this.#keys.some((key) => {
        const expected = macOf(key, list, payload);
        return expected.length === given.length && timingSafeEqual(expected, given);
      });
    if (!genuine) throw invalid();
    const result = schema.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
    if (!result.success) throw invalid();
    return result.data;
  }
}

function macOf(key: Buffer, list: string, payload: string): Buffer {
  return createHmac('sha256', key).update(`${list}\n${payload}`).digest().subarray(0, 16);
}

function invalid(): Failure {
  return new Failure('request.cursor_invalid', 'This cursor does not belong to this list.');
}
