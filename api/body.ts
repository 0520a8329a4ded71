import type { Context } from 'koa';
import getRawBody from 'raw-body';
import { Failure } from '../domain/failure.ts';

/** Most bytes of a JSON body. Larger input is a file and goes by upload. */
export const maxJsonBytes = 1_048_576;

export interface JsonBody {
  /** The bytes as they came, for fingerprints. */
  raw: Buffer;
  value: unknown;
}

/** Reads a request's JSON body whole. Refuses other media types, broken JSON, and bodies over the limit. */
export async function readJson(ctx: Context): Promise<JsonBody> {
  const raw = await readBytes(ctx);
  if (raw.length === 0) return { raw, value: undefined };
  if (!ctx.is('json', '+json')) {
    throw new Failure('request.unsupported_media_type', 'Send the body as application/json.');
  }
  try {
    return { raw, value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as unknown };
  } catch {
    throw new Failure('request.malformed_json', 'The body is not valid JSON in UTF-8.');
  }
}

async function readBytes(ctx: Context): Promise<Buffer> {
  try {
    return await getRawBody(ctx.req, { length: ctx.request.length ?? null, limit: maxJsonBytes });
  } catch (error) {
    if ((error as { type?: string }).type === 'entity.too.large') {
      throw new Failure('request.too_large', `A JSON body may have at most ${maxJsonBytes} bytes.`);
    }
    throw new Failure('request.invalid', 'The body ended before it was whole.');
  }
}
