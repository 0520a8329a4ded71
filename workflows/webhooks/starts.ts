import type { WorkflowStarts } from '../start.ts';

/** Which events of this domain start which workflow. */
export const webhookStarts: WorkflowStarts = {};
