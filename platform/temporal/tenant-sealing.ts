import type { SerializationContext } from '@temporalio/common';

/** A tenant's own key for payloads, and the number by which payloads name it. */
export interface TenantKey {
  version: number;
  /** 32 bytes, random: it can't be made again once it is destroyed. */
  key: Buffer;
}

/** The keys of tenants. Both look-ups are answered from memory but for the first of a tenant in a while. */
export interface TenantKeys {
  /**
   * The key that seals for a tenant now; made when it is first needed.
   *
   * @throws Failure `codec.tenant_erased`
   */
  current(tenantId: string): Promise<TenantKey>;
  /**
   * The key that a payload names.
   *
   * @throws Failure `codec.tenant_erased`, `codec.key_unknown`
   */
  find(tenantId: string, version: number): Promise<TenantKey>;
}

/**
 * Whose workflows are whose, as far as this process has to do with them. The codec is told no more of a payload than its
 * workflow's ID, so it is taught the tenant: by whoever starts a workflow, and by every payload of it that is opened, as
 * that names its key. A worker opens what a workflow or an activity starts with before it seals anything for it. A child
 * workflow that has the ID `<its parent's>/<what it does>` is its parent's tenant's.
 */
export class WorkflowTenants {
  readonly #most: number;
  readonly #tenants = new Map<string, string>();

  /** @param most workflows to remember; far more than a process has in hand */
  constructor(most = 50_000) {
    this.#most = most;
  }

  learn(workflowId: string, tenantId: string): void {
    this.#tenants.delete(workflowId);
    this.#tenants.set(workflowId, tenantId);
    if (this.#tenants.size <= this.#most) return;
    for (const longestUnused of this.#tenants.keys()) {
      this.#tenants.delete(longestUnused);
      break;
    }
  }

  of(workflowId: string): string | undefined {
    const tenantId = this.#tenants.get(workflowId);
    if (tenantId !== undefined) {
      this.learn(workflowId, tenantId);
      return tenantId;
    }
    const parent = workflowId.lastIndexOf('/');
    return parent === -1 ? undefined : this.of(workflowId.slice(0, parent));
  }
}

/** What the codec needs in order to seal for tenants. */
export interface TenantSealing {
  keys: TenantKeys;
  workflows: WorkflowTenants;
  /** Told of a workflow that can't go on, since its tenant was erased: nothing of it can be read any more. */
  onErased?: (workflowId: string) => void;
}

/** The workflow that a payload belongs to, its activities' payloads included. */
export function workflowIdOf(context: SerializationContext | undefined): string | undefined {
  return context?.workflowId;
}
