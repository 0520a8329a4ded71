import { isGrpcServiceError, ServiceError, type Client } from '@temporalio/client';
import { TargetDown } from './relay.ts';

/** The client, or `TargetDown` when Temporal can't be reached. */
export async function reachTemporal(temporal: () => Promise<Client>): Promise<Client> {
  try {
    return await temporal();
  } catch (error) {
    throw new TargetDown('Temporal is not reachable.', error);
  }
}

/** `TargetDown` for an error that speaks of the service and not of the request; the error itself otherwise. */
export function toTargetDown(error: unknown): unknown {
  return isOutage(error) ? new TargetDown('Temporal is not reachable.', error) : error;
}

/** gRPC codes: 1 cancelled, 4 deadline, 8 exhausted, 14 unavailable. */
function isOutage(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && [1, 4, 8, 14].includes(cause.code);
}
