import { createHash } from 'node:crypto';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import type { Domain } from '../domain/domains.ts';

/** The workers of one queue are a deployment of their own, so that domains are rolled out one by one. */
export function deploymentNameOf(domain: Domain): string {
  return `perdure-${domain}`;
}

/** The version of workers is that of their workflows: others that decide alike are the same version. */
export function buildIdOf(workflows: { code: string }): string {
  return createHash('sha256').update(workflows.code).digest('hex').slice(0, 16);
}

/**
 * How a worker says which version it is. Its version gets work once it is made the current one (`promote.ts`), and every
 * process that is under way goes on under it from its next step on. No workflow says so of itself: Temporal refuses the
 * tasks of one that names a behaviour when its worker has no version.
 */
export function deploymentOf(domain: Domain, workflows: { code: string }): WorkerDeploymentOptions {
  return {
    version: { deploymentName: deploymentNameOf(domain), buildId: buildIdOf(workflows) },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  };
}
