import type { EventEmitter } from 'node:events';
import type { Pool, PoolClient } from 'pg';
import type { Detail } from '../platform/telemetry/details.ts';
import { detailsHere } from '../platform/telemetry/span.ts';
import { tracing } from '../platform/telemetry/tracing.ts';

type Query = (...args: unknown[]) => unknown;

/**
 * Shows each statement of a pool as a span under whatever it is made for. A span names the operation and the table, never
 * the values. Connections that are made while tracing is off are left as they are.
 */
export function traceQueries(pool: Pool): void {
  pool.on('connect', (client) => {
    if (tracing()) traceClient(client);
  });
}

function traceClient(client: PoolClient): void {
  const query = client.query.bind(client) as Query;
  const traced: Query = (...args) => {
    const detail = detailsHere()?.start('sql', () => describeStatement(textOf(args[0])));
    return detail ? finish(query, args, detail) : query(...args);
  };
  client.query = traced as PoolClient['query'];
}

/** `pg` tells the end by a callback, by a promise, or, of a copy, as the stream that it gives back. */
function finish(query: Query, args: unknown[], detail: Detail): unknown {
  const end = (error?: unknown): void => detail.end(error ? { 'error.type': codeOf(error) } : {});
  const last = args.at(-1);
  if (typeof last === 'function') {
    const told = (error: unknown, result: unknown): unknown => {
      end(error);
      return (last as Query)(error, result);
    };
    return query(...args.slice(0, -1), told);
  }
  const result = query(...args);
  if (result instanceof Promise) {
    result.then(() => end(), end);
  } else {
    (result as EventEmitter).once('error', end).once('close', () => end());
  }
  return result;
}

function textOf(statement: unknown): string {
  if (typeof statement === 'string') return statement;
  const { text, cursor } = statement as { text?: string; cursor?: { text?: string } };
  return text ?? cursor?.text ?? '';
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: string; name?: string };
  return code ?? name ?? 'error';
}

const changing = /(?<!for\s)(?<!key\s)\b(insert\s+into|update|delete\s+from|merge\s+into)\s/i;
/** A name that an opening parenthesis follows at once is a function's. */
const tableIn =
  /\b(?:insert\s+into|update|delete\s+from|merge\s+into|copy|from|join)\s+(?:only\s+)?("?[a-z_][\w".]*)(?![\w".(])/i;

/** What a statement does and to which table, e.g. `INSERT search.batches`. One that begins with `WITH` is named by what it changes. */
export function describeStatement(text: string): { name: string; attributes: Record<string, string> } {
  const first = (/[a-z]+/i.exec(text)?.[0] ?? 'statement').toUpperCase();
  const change = first === 'WITH' ? changing.exec(text) : null;
  const operation = first === 'WITH' ? (change?.[1]?.split(/\s/)[0] ?? 'select').toUpperCase() : first;
  const table = tableIn.exec(text.slice(change?.index ?? 0))?.[1]?.replaceAll('"', '');
  return {
    name: table ? `${operation} ${table}` : operation,
    attributes: {
      'db.system.name': 'postgresql',
      'db.operation.name': operation,
      ...(table ? { 'db.collection.name': table } : {}),
    },
  };
}
