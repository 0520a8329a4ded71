import type { Scope } from '../../domain/identity/scopes.ts';

/** A process as it stands in the list of all. */
export interface ProcessSummary {
  id: string;
  /** In the words of its kind. */
  state: string;
  workflowId: string;
  createdAt: Date;
  finishedAt: Date | null;
}

/** What an entry of a timeline is made of. */
export interface EntryKind {
  /** What callers filter by. */
  type: string;
  /** One sentence, the same for every event of the type. */
  words: string;
  /** Which members of the event's data are shown: counts, codes and references, nothing that names a person. */
  data?: readonly string[];
}

/**
 * A kind of long-running process, as operators and owners look at all of them alike. A domain joins by adding its kinds to
 * the list in `process-kinds.ts`.
 */
export interface ProcessKind {
  /** First part of a process's ID, `<name>:<uuid>`, which is the subject of its events too. */
  name: string;
  /** Who may see processes of this kind. */
  scope: Scope;
  /** Its part of the timeline, by type of event. What is not listed is not shown. */
  entries: Record<string, EntryKind>;
  find(tenantId: string, id: string): Promise<ProcessSummary | null>;
  /** Newest first, by ID, which grows with time. */
  list(tenantId: string, limit: number, afterId: string | null): Promise<ProcessSummary[]>;
}
