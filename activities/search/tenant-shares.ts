import { setTimeout as pause } from 'node:timers/promises';

/** A tenant is still at work so long after an activity: between two of a batch its workflow decides what comes next. */
const lingerMilliseconds = 300;
const lookMilliseconds = 10;
const measuredMilliseconds = 200;

/** From the one share of its time on, this process has no time left; under the other, it has again. */
const busyFrom = 0.8;
const idleUnder = 0.3;

/**
 * Lets a small batch pass by a large one. While several tenants are at work in this process, and it has no time left, each
 * of them has one step at a time; otherwise a batch has as many as it likes. Where rows wait for vendors, and the process
 * for them, nobody is held back.
 */
export class TenantShares {
  readonly #atWork = new Map<string, { activities: number; until: number }>();
  readonly #steps = new Map<string, number>();
  readonly #time: { isShort(): boolean };

  constructor(time: { isShort(): boolean } = new ProcessTime()) {
    this.#time = time;
  }

  /** Does an activity of a tenant, who is then at work. */
  async during<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
    const tenant = this.#atWork.get(tenantId) ?? { activities: 0, until: 0 };
    this.#atWork.set(tenantId, tenant);
    tenant.activities += 1;
    try {
      return await work();
    } finally {
      tenant.activities -= 1;
      tenant.until = performance.now() + lingerMilliseconds;
    }
  }

  /**
   * Does a step of a tenant's batch when its turn has come.
   *
   * @param until the time (of `performance.now()`) up to which it may wait
   * @returns null, with nothing done, when its turn has not come by then
   */
  async step<T>(
    tenantId: string,
    until: number,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T | null> {
    while (this.#mustWait(tenantId)) {
      if (performance.now() >= until) return null;
      await pause(lookMilliseconds, undefined, { signal });
    }
    this.#count(tenantId, 1);
    try {
      return await work();
    } finally {
      this.#count(tenantId, -1);
    }
  }

  #mustWait(tenantId: string): boolean {
    return this.#steps.has(tenantId) && this.#hasOthers(tenantId) && this.#time.isShort();
  }

  #hasOthers(tenantId: string): boolean {
    const now = performance.now();
    for (const [id, { activities, until }] of this.#atWork) {
      if (activities === 0 && until < now) this.#atWork.delete(id);
      else if (id !== tenantId) return true;
    }
    return false;
  }

  #count(tenantId: string, change: number): void {
    const steps = (this.#steps.get(tenantId) ?? 0) + change;
    if (steps > 0) this.#steps.set(tenantId, steps);
    else this.#steps.delete(tenantId);
  }
}

/** How busy this process has been lately. */
class ProcessTime {
  #seen = performance.eventLoopUtilization();
  #at = performance.now();
  #short = false;

  isShort(): boolean {
    if (performance.now() - this.#at < measuredMilliseconds) return this.#short;
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#seen);
    if (utilization > busyFrom) this.#short = true;
    else if (utilization < idleUnder) this.#short = false;
    this.#seen = now;
    this.#at = performance.now();
    return this.#short;
  }
}
