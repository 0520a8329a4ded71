import { isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from '../platform/log.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';

const types = {
  Keyword: proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
} as const;

/** gRPC codes: 7 permission denied, 12 not implemented, 16 unauthenticated. */
const notOurs = [7, 12, 16];

/**
 * Makes the search attributes known to the namespace; those that are known already are left alone. Where workers may not
 * do that (Temporal Cloud, where an account's administrator does), the log says so and the worker starts all the same.
 */
export async function registerSearchAttributes(
  connection: Pick<NativeConnection, 'operatorService'>,
  namespace: string,
  log: Logger,
): Promise<void> {
  try {
    const missing = await missingAttributes(connection, namespace);
    if (missing.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, types[type]])),
    });
  } catch (error) {
    if (isGrpcServiceError(error) && notOurs.includes(error.code)) {
      const attributes = Object.keys(searchAttributes);
      log.warn({ attributes }, 'search attributes cannot be registered by this worker; do it by hand');
      return;
    }
    // Another worker has made them a moment ago: then there is nothing missing any more.
    if ((await missingAttributes(connection, namespace)).length > 0) throw error;
  }
}

async function missingAttributes(connection: Pick<NativeConnection, 'operatorService'>, namespace: string) {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.entries(searchAttributes).filter(([name]) => !(name in customAttributes));
}
