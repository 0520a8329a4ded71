import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import type { Domain } from './domain/domains.ts';
import type { Config } from './platform/config.ts';
import type { KeyRing } from './platform/crypto/secret-box.ts';
import { SealingPayloadCodec } from './platform/temporal/payload-codec.ts';
import type { TenantSealing } from './platform/temporal/tenant-sealing.ts';

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

/** Loaded by the SDK, and put into the bundle of the workflows. */
export const failureConverterPath = fileURLToPath(
  new URL('./workflows/failure-converter.ts', import.meta.url),
);

/**
 * How every client and worker of ours writes what Temporal stores: encrypted, failures included. Without tenants' keys it
 * reads and writes what belongs to no tenant.
 */
export function dataConverterOf(keys: KeyRing, tenants?: TenantSealing): DataConverter {
  return { payloadCodecs: [new SealingPayloadCodec(keys, tenants)], failureConverterPath };
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

/**
 * What one worker process takes on, by queue. More chunks than keep its core busy, so that the next step of a small
 * tenant's batch finds a place beside a large one's.
 */
const queueOptions: Record<Domain, QueueOptions> = {
  identity: common,
  audit: common,
  search: common,
  webhooks: common,
  orders: common,
  designs: common,
  notifications: common,
};

/** The same as options of a worker, where the settings of its process say something else. */
export function slotsOf(
  domain: Domain,
  config: Pick<Config, 'WORKER_ACTIVITIES' | 'WORKER_WORKFLOW_TASKS' | 'WORKER_CACHED_WORKFLOWS'>,
) {
  const queue = queueOptions[domain];
  return {
    maxConcurrentActivityTaskExecutions: config.WORKER_ACTIVITIES ?? queue.maxConcurrentActivities,
    maxConcurrentWorkflowTaskExecutions: config.WORKER_WORKFLOW_TASKS ?? queue.maxConcurrentWorkflowTasks,
    maxCachedWorkflows: config.WORKER_CACHED_WORKFLOWS ?? queue.maxCachedWorkflows,
  };
}

/** How long a worker that is told to stop may finish what it has in hand before it is cut off. */
export const shutdown = { graceTime: '10 seconds', forceTime: '15 seconds' } as const;
