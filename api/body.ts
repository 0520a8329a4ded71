import type { Context } from 'koa';
import getRawBody from 'raw-body';
import { Failure } from '../domain/failure.ts';

/** Most bytes of a JSON body. Larger input is a file and goes by upload. */
const maxJsonBytes = 1_048_576;

/** Deepest nesting of a JSON body. What is written by hand or by a client library is far from it. */
const maxJsonDepth = 64;

const bodySeconds = 30;

export interface JsonBody {
  /** The bytes as they came, for fingerprints. */
  raw: Buffer;
  value: unknown;
}

/**
 * Reads a request's JSON body whole, within `seconds`. Refuses other media types, broken JSON, bodies over the limits,
 * and text that PostgreSQL cannot hold.
 */
export async function readJson(ctx: Context, seconds = bodySeconds): Promise<JsonBody> {
  const coding = ctx.get('Content-Encoding');
  if (coding !== '' && coding.toLowerCase() !== 'identity') {
    throw new Failure('request.unsupported_media_type', 'Send the body without a Content-Encoding.');
  }
  const raw = await readBytes(ctx, seconds);
  if (raw.length === 0) return { raw, value: undefined };
  if (!ctx.is('json', '+json')) {
    throw new Failure('request.unsupported_media_type', 'Send the body as application/json.');
  }
  const value = parse(raw);
  requireStorable(value);
  return { raw, value };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(raw: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(raw)) as unknown;
  } catch {
    throw new Failure('request.malformed_json', 'The body is not valid JSON in UTF-8.');
  }
}

/**
 * The bytes of a body as they came, within `seconds` and up to `limit`. More is not taken into memory, whether the request
 * has told its length or not.
 */
export async function readBytes(ctx: Context, seconds: number, limit = maxJsonBytes): Promise<Buffer> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Failure('request.timeout', `The body was not there within ${seconds} seconds.`)),
    seconds * 1_000,
  );
  try {
    return await Promise.race([getRawBody(ctx.req, { length: ctx.request.length ?? null, limit }), late]);
  } catch (error) {
    if (error instanceof Failure) throw error;
    if ((error as { type?: string }).type === 'entity.too.large') {
      throw new Failure('request.too_large', `The body may have at most ${limit} bytes.`);
    }
    throw new Failure('request.invalid', 'The body ended before it was whole.');
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Refuses input, read from JSON or from a form, that PostgreSQL cannot hold or that is nested without end. Level by level
 * rather than by recursion, which deep nesting would bring to its end.
 */
export function requireStorable(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxJsonDepth) {
      throw new Failure('request.invalid', `The body is nested more than ${maxJsonDepth} levels deep.`);
    }
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string') refuse(problemOfText(value));
      else if (Array.isArray(value)) for (const item of value) next.push(item);
      else if (typeof value === 'object' && value !== null) {
        for (const [key, item] of Object.entries(value)) {
          refuse(key === '__proto__' ? 'the name __proto__' : problemOfText(key));
          next.push(item);
        }
      }
    }
    level = next;
  }
}

/** U+0000 fits into no `text` or `jsonb` of PostgreSQL, and half of a surrogate pair is no character of UTF-8. */
function problemOfText(text: string): string | null {
  if (text.includes('\0')) return 'the character U+0000';
  return text.isWellFormed() ? null : 'half of a surrogate pair';
}

function refuse(problem: string | null): void {
  if (problem) throw new Failure('request.invalid', `The body holds ${problem}.`);
}
