import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import type { Domain } from './domain/domains.ts';

export interface TemporalConfig {
  connection: {
    address?: string;
    tls?: NonNullable<NativeConnectionOptions['tls']>;
    apiKey?: string;
    metadata?: Record<string, string>;
  };
  namespace: string;
}

/**
 * How to reach Temporal: from `temporal.toml` and the standard variables (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
 * `TEMPORAL_API_KEY`, `TEMPORAL_TLS_*`), as every Temporal client and CLI reads them.
 */
export function loadTemporalConfig(): TemporalConfig {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const { address, tls, apiKey, metadata } = connectionOptions;
  return {
    connection: {
      ...(address ? { address } : {}),
      ...(tls ? { tls } : {}),
      ...(typeof apiKey === 'string' ? { apiKey } : {}),
      ...(metadata ? { metadata: metadata as Record<string, string> } : {}),
    },
    namespace: namespace ?? 'default',
  };
}

export interface QueueOptions {
  maxConcurrentActivities: number;
  maxConcurrentWorkflowTasks: number;
  /** Workflows kept in memory. Explicit, because the default grows with the machine until the process dies. */
  maxCachedWorkflows: number;
}

const common: QueueOptions = {
  maxConcurrentActivities: 8,
  maxConcurrentWorkflowTasks: 10,
  maxCachedWorkflows: 200,
};

/** What one worker process takes on, by queue. A chunk of a batch keeps one core busy: more at once only adds waiting. */
export const queueOptions: Record<Domain, QueueOptions> = {
  identity: common,
  audit: common,
  search: { ...common, maxConcurrentActivities: 4 },
};

/** How long a worker that is told to stop may finish what it has in hand before it is cut off. */
export const shutdown = { graceTime: '10 seconds', forceTime: '15 seconds' } as const;
