import busboy from 'busboy';
import type { Context } from 'koa';
import { finished, type Readable } from 'node:stream';
import { Failure } from '../../domain/failure.ts';

const maxFieldBytes = 262_144;

export interface FormFile {
  content: Readable;
  /** As its sender called it, without folders and control characters. */
  name: string;
  contentType: string;
}

export interface Form<T> {
  fields: Record<string, string>;
  /** What became of the part `file`. */
  file: T;
}

/**
 * Reads a `multipart/form-data` request with one file, which is handed on as a stream while it comes in: nothing of it is
 * held. When the request breaks off or breaks a rule, the file's stream fails with it.
 *
 * @param receive stores the file; its failure is the failure of the whole
 * @param discard takes back what was stored, when the form turns out to be wrong behind its file
 * @throws Failure `search.upload_malformed`
 */
export async function readForm<T>(
  ctx: Context,
  receive: (file: FormFile) => Promise<T>,
  discard: (file: T) => Promise<void>,
): Promise<Form<T>> {
  const parser = open(ctx);
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  let received: Promise<T> | null = null;
  const refuse = (message: string): void => {
    parser.destroy(new Failure('search.upload_malformed', message));
  };
  // The parser's types know nothing of parts without a name.
  parser.on('field', (name: string | undefined, value, { nameTruncated, valueTruncated }) => {
    if (name === undefined) refuse('A field has no name.');
    else if (nameTruncated || valueTruncated) refuse(`The field ${name.slice(0, 50)} is too long.`);
    else if (name in fields) refuse(`The field ${name.slice(0, 50)} comes twice.`);
    else fields[name] = value;
  });
  parser.on('file', (name, content, info) => {
    // Whoever reads the stream hears of it; without a listener it would end the process.
    content.on('error', () => undefined);
    if (name !== 'file') return refuse('The only file is the part named "file".');
    received = receive({ content, name: shownName(info.filename), contentType: info.mimeType });
    received.catch((error: Error) => parser.destroy(error));
  });
  parser.on('filesLimit', () => refuse('The form may hold one file.'));
  parser.on('fieldsLimit', () => refuse('The form holds too many fields.'));
  parser.on('partsLimit', () => refuse('The form holds too many parts.'));

  await new Promise<void>((resolve, reject) => {
    finished(parser, (error) => (error ? reject(asFailure(error)) : resolve()));
    ctx.req.once('error', (error) => parser.destroy(error));
    ctx.req.once('aborted', () => refuse('The form ended before it was whole.'));
    ctx.req.pipe(parser);
  }).catch(async (error: unknown) => {
    ctx.req.unpipe(parser);
    const stored = await (received as Promise<T> | null)?.catch(() => null);
    if (stored) await discard(stored);
    throw error;
  });
  if (received === null) throw new Failure('search.upload_malformed', 'The form has no part named "file".');
  return { fields, file: await (received as Promise<T>) };
}

function open(ctx: Context): busboy.Busboy {
  try {
    return busboy({
      headers: ctx.req.headers,
      defParamCharset: 'utf8',
      limits: { files: 1, fields: 30, parts: 31, fieldNameSize: 100, fieldSize: maxFieldBytes },
    });
  } catch {
    throw new Failure('search.upload_malformed', 'The form has no boundary, or one that cannot be read.');
  }
}

function asFailure(error: Error): Error {
  if (error instanceof Failure || !/form|part|header|boundary/i.test(error.message)) return error;
  return new Failure('search.upload_malformed', 'The form ended before it was whole, or is malformed.');
}

const longestName = 200;

/** A file's name as it may be shown: a person's text, never part of a path. */
export function shownName(name: string | undefined): string {
  const base = (name ?? '').split(/[/\\]/).at(-1) ?? '';
  const clean = base.toWellFormed().replace(/\p{C}/gu, '').trim();
  return clean.slice(0, longestName) || 'unnamed';
}
