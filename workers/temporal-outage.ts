import { isGrpcServiceError, NamespaceNotFoundError, ServiceError, type Client } from '@temporalio/client';
import { isOutage } from '../platform/outage.ts';
import { TargetDown } from './outbox-consumer.ts';

/** The client, or `TargetDown` when Temporal can't be reached. */
export async function reachTemporal(temporal: () => Promise<Client>): Promise<Client> {
  try {
    return await temporal();
  } catch (error) {
    throw new TargetDown('Temporal is not reachable.', error);
  }
}

/** Below the time after which the relay takes a consumer for hung: the call itself must end, or it would do its work later. */
const callMilliseconds = 15_000;

/**
 * Makes a call to Temporal, which ends in time.
 *
 * @throws TargetDown when the service is not there or does not let us in; the event is not at fault
 */
export async function callTemporal<T>(
  client: Client,
  call: () => Promise<T>,
  milliseconds = callMilliseconds,
): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + milliseconds, call);
  } catch (error) {
    throw isOutage(error) || isRefusal(error) ? new TargetDown('Temporal is not reachable.', error) : error;
  }
}

/** A service that is not set up for us. gRPC codes: 7 permission denied, 16 unauthenticated. */
function isRefusal(error: unknown): boolean {
  if (error instanceof NamespaceNotFoundError) return true;
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && [7, 16].includes(cause.code);
}
