import { Client, Connection } from '@temporalio/client';
import { Failure } from '../domain/failure.ts';
import type { KeyRing } from '../platform/crypto/secret-box.ts';
import { WorkflowTenants, type TenantKeys } from '../platform/temporal/tenant-sealing.ts';
import { dataConverterOf, type TemporalConfig } from '../temporal.config.ts';

export interface LazyTemporal {
  client: () => Promise<Client>;
  close(): Promise<void>;
}

/**
 * A client that connects when it is first needed, and again after a failed try: the API starts without Temporal.
 * While it is away, `client` fails with `service.unavailable`.
 */
export function lazyTemporal(config: TemporalConfig, ring: KeyRing, keys: TenantKeys): LazyTemporal {
  const dataConverter = dataConverterOf(ring, { keys, workflows: new WorkflowTenants() });
  let connecting: Promise<Connection> | undefined;
  const connect = (): Promise<Connection> => {
    connecting ??= Connection.connect({ ...config.connection, connectTimeout: '3 seconds' }).catch(() => {
      connecting = undefined;
      throw new Failure('service.unavailable', 'Temporal is not reachable. Try again.', { retryAfter: 2 });
    });
    return connecting;
  };
  return {
    client: async () =>
      new Client({ connection: await connect(), namespace: config.namespace, dataConverter }),
    close: async () => {
      const connection = await connecting?.catch(() => undefined);
      await connection?.close();
    },
  };
}
