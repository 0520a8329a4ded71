import type { Priority, SearchAttributePair } from '@temporalio/common';
import { processStatusAttribute, tenantIdAttribute } from './search-attributes.ts';

/** How an event starts a workflow. The ID comes from the business, so that the same event can never start two. */
export interface WorkflowStart {
  workflowType: string;
  workflowId: string;
  taskQueue: string;
  args: unknown[];
  /** One line for the Web UI. No personal data: whoever may look into the Web UI reads it. */
  summary: string;
  searchAttributes: SearchAttributePair[];
  priority?: Priority;
  /** Its first step is short, and waited for: its first task comes with the answer to the start, if a worker here has a place for it. */
  eager?: boolean;
}

/** What of an event a start is made from. */
export interface StartingEvent {
  tenantId: string;
  subject: string;
  data: Record<string, unknown>;
}

export type WorkflowStarts = Record<string, (event: StartingEvent) => WorkflowStart>;

/** By which a tenant's process is found: whose it is, and where it stands at its start. */
export function searchAttributesOf({ tenantId }: StartingEvent, status: string): SearchAttributePair[] {
  return [
    { key: tenantIdAttribute, value: tenantId },
    { key: processStatusAttribute, value: status },
  ];
}
