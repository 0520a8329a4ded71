import { setTimeout as pause } from 'node:timers/promises';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import type { Domain } from '../domain/domains.ts';
import { deploymentNameOf } from './versioning.ts';

export interface Promotion {
  /** The version that was current before; null when that were the workers without a version. */
  before: string | null;
}

/** gRPC codes: not found, as long as no worker of the version has come; and failed precondition, as long as one is missing. */
const notYet = [5, 9];

/**
 * Makes a version the one that gets the work of a domain, as soon as its workers are there.
 *
 * @param buildId null for the workers without a version
 * @param patienceMs how long to wait for them
 */
export async function promote(
  client: Client,
  domain: Domain,
  buildId: string | null,
  patienceMs: number,
): Promise<Promotion> {
  const deploymentName = deploymentNameOf(domain);
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      const { namespace, identity } = client.options;
      const known = await client.workflowService.describeWorkerDeployment({ namespace, deploymentName });
      const before = known.workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId || null;
      if (before === buildId) return { before };
      await client.workflowService.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName,
        buildId: buildId ?? '',
        identity,
        conflictToken: known.conflictToken ?? new Uint8Array(),
      });
      return { before };
    } catch (error) {
      const mayCome = isGrpcServiceError(error) && notYet.includes(error.code);
      if (!mayCome || performance.now() > deadline) throw error;
      await pause(500);
    }
  }
}

/**
 * Waits until no workflow is left that an operator has pinned to another version than the current one: then workers of
 * earlier versions have nothing to do that others can't.
 */
export async function untilDrained(
  client: Client,
  domain: Domain,
  buildId: string | null,
  patienceMs: number,
): Promise<void> {
  const pinned = `ExecutionStatus = 'Running' AND TaskQueue = '${domain}' AND TemporalWorkflowVersioningBehavior = 'Pinned'`;
  const elsewhere = `TemporalWorkerDeploymentVersion != '${deploymentNameOf(domain)}:${buildId}'`;
  const query = buildId === null ? pinned : `${pinned} AND ${elsewhere}`;
  const deadline = performance.now() + patienceMs;
  for (let empty = 0; empty < 3;) {
    const { count } = await client.workflow.count(query);
    // The index of workflows is a moment behind.
    empty = count === 0 ? empty + 1 : 0;
    if (performance.now() > deadline) {
      throw new Error(`${count} workflows of ${domain} are still pinned to another version.`);
    }
    await pause(1_000);
  }
}
