import { pino, type Logger } from 'pino';
import { logFacts } from './log-context.ts';

export type { Logger } from 'pino';

/** Fields that could carry a secret or a person, wherever they stand in what is logged. */
const redacted = [
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
];

/**
 * A logger of JSON lines on standard output, each with the facts of the work that it is written in. Errors are cut down to what
 * cannot carry data of callers.
 */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    mixin: logFacts,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: redacted.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    serializers: { err: describeError },
  });
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
