import { isGrpcServiceError } from '@temporalio/client';

/** Codes of the network that say that the other side is away. */
const networkCodes = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * PostgreSQL's codes (Appendix A of its manual) that say that the server is away: 08 connection exception, 53 out of
 * connections, memory or disk, 57P01–57P03 shutting down, crashed or starting, 25006 a server that only reads, as
 * after a failover.
 */
const databaseAway = /^(08...|53...|57P0[123]|25006)$/;

/** What `pg` says without a code. */
const driverMessages =
  /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout)/;

/** gRPC codes: 1 cancelled, 4 deadline, 8 exhausted, 14 unavailable. */
const serviceAway = new Set([1, 4, 8, 14]);

/**
 * 25P03 idle in a transaction, 40001 serialisation, 40P01 deadlock, 55P03 a lock not given in time, 57014 a statement
 * not done in time.
 */
const databaseBusy = /^(25P03|40001|40P01|55P03|57014)$/;

/** Whether an error says that a part we need (PostgreSQL, Temporal, storage, mail) is away, rather than that a request is wrong. */
export function isOutage(error: unknown): boolean {
  return causes(error).some((cause) => {
    if (isGrpcServiceError(cause)) return serviceAway.has(cause.code);
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string' && (networkCodes.has(code) || databaseAway.test(code))) return true;
    return driverMessages.test(cause.message);
  });
}

/** Whether PostgreSQL gave a transaction up because of others: the same again may succeed. */
export function isBusy(error: unknown): boolean {
  return causes(error).some(({ code }: Error & { code?: unknown }) => {
    return typeof code === 'string' && databaseBusy.test(code);
  });
}

/** An error and what it was caused by; MikroORM calls that `previous`. */
function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && chain.length < 10;) {
    chain.push(at);
    at = at.cause ?? (at as { previous?: unknown }).previous;
  }
  return chain;
}
