import { writeSync } from 'node:fs';
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { logFacts } from './log-context.ts';

export type { Logger } from 'pino';

/** Fields that could carry a secret or a person, wherever they stand in what is logged. */
const redacted: ReadonlySet<string> = new Set([
  'password',
  'token',
  'secret',
  'authorization',
  'cookie',
  'api_key',
  'email',
  'phone',
  'parameters',
  'params',
  'query',
  'sql',
]);

/**
 * A logger of JSON lines on standard output (or what is given in its place), each with the facts of the work that it is written in. Errors are cut down to what
 * cannot carry data of callers.
 */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: { service },
    mixin: logFacts,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), bindings: redact, log: redact },
    serializers: { err: describeError },
  };
  return pino(options, destination ?? standardOutput());
}

let output: DestinationStream | undefined;

/** For so long lines gather, which are then written together: each write is a call of the system, and wakes whoever reads. */
const gatherMilliseconds = 10;

/** Lines that come in one moment are written together at its end, or when the process ends. */
function standardOutput(): DestinationStream {
  return (output ??= openOutput());
}

function openOutput(): DestinationStream {
  let lines = '';
  const flush = (): void => {
    const text = lines;
    lines = '';
    if (text !== '') writeWhole(Buffer.from(text));
  };
  process.once('exit', flush);
  return {
    write(line) {
      if (lines === '') setTimeout(flush, gatherMilliseconds);
      lines += line;
    },
  };
}

const pauseMilliseconds = 2;

/** A full pipe is waited for, as its reader is slower than we are; of one that nobody reads any more, nothing comes. */
function writeWhole(text: Buffer): void {
  for (let at = 0; at < text.length;) {
    try {
      at += writeSync(1, text, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMilliseconds);
    }
  }
}

const deepestRedacted = 3;

/**
 * Blanks fields by their names, down to the third level; errors are left to `describeError`. Pino's own redaction does the
 * same by paths with wildcards and took 65 µs a line, more than many a request takes for all the rest.
 */
export function redact(fields: Record<string, unknown>): Record<string, unknown> {
  return redactLevel(fields, 1) as Record<string, unknown>;
}

function redactLevel(fields: object, level: number): object {
  let clean: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(fields)) {
    const shown = redacted.has(name) ? '[redacted]' : redactInner(value, level);
    if (shown === value) continue;
    // Copied only then: what is logged belongs to whoever logs it.
    clean ??= (Array.isArray(fields) ? [...(fields as unknown[])] : { ...fields }) as Record<string, unknown>;
    clean[name] = shown;
  }
  return clean ?? fields;
}

function redactInner(value: unknown, level: number): unknown {
  const isLeaf = typeof value !== 'object' || value === null || value instanceof Error;
  return isLeaf || level === deepestRedacted ? value : redactLevel(value, level + 1);
}

/**
 * What a log may show of an error: its class, code and stack, and its message only when it is ours. A driver's message
 * can quote the row that offended (PostgreSQL's "Key (email)=(…) already exists"), a parser's the text.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = (error as { code?: unknown }).code;
  const fromDriver = 'severity' in error || 'query' in error || error.constructor.name.endsWith('Exception');
  // "Unexpected token in JSON" shows the JSON around it.
  const quotes = fromDriver || error instanceof SyntaxError;
  const stack = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12);
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(quotes ? {} : { message: error.message }),
    stack: stack.map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
