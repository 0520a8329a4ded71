import type { Plan } from './plans.ts';

/** The classes of routes that are limited each by itself. */
export type LimitedClass = 'read' | 'write' | 'search' | 'upload' | 'login' | 'webhook';

/** Requests a minute, all of which may come at once. */
export type Allowance = Readonly<Record<LimitedClass, number>>;

export interface PlanLimits {
  /** Of one API key, and of one user over all keys and sessions. */
  caller: Allowance;
  /** Of all callers of an organisation together. */
  tenant: Allowance;
}

export interface Limits {
  plans: Readonly<Record<Plan, PlanLimits>>;
  /** Of one network address, for requests that no valid credential comes with. */
  address: Allowance;
}

const standard: PlanLimits = {
  caller: { read: 1_200, write: 300, search: 600, upload: 60, login: 60, webhook: 6_000 },
  tenant: { read: 6_000, write: 1_500, search: 3_000, upload: 300, login: 300, webhook: 30_000 },
};

/** The limits by plan. */
export const limits: Limits = {
  plans: {
    standard,
    scale: times(standard, 20),
    /** Of the development account: counted like the others, and out of reach. */
    development: times(standard, 2_000),
  },
  // Webhooks prove themselves, and a large sender has few addresses.
  address: { read: 600, write: 60, search: 60, upload: 20, login: 60, webhook: 300_000 },
};

function times(of: PlanLimits, factor: number): PlanLimits {
  const scaled = (allowance: Allowance): Allowance => ({
    read: allowance.read * factor,
    write: allowance.write * factor,
    search: allowance.search * factor,
    upload: allowance.upload * factor,
    login: allowance.login * factor,
    webhook: allowance.webhook * factor,
  });
  return { caller: scaled(of.caller), tenant: scaled(of.tenant) };
}
