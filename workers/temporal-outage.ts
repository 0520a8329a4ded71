import { isGrpcServiceError, ServiceError, type Client } from '@temporalio/client';
import { isOutage } from '../platform/outage.ts';
import { TargetDown } from './relay.ts';

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
export async function callTemporal<T>(client: Client, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + callMilliseconds, call);
  } catch (error) {
    throw isOutage(error) || isRefusal(error) ? new TargetDown('Temporal is not reachable.', error) : error;
  }
}

/** gRPC codes of a service that is not set up for us: 5 no such namespace, 7 permission denied, 16 unauthenticated. */
function isRefusal(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && [5, 7, 16].includes(cause.code);
}
