/** Every domain has it on its own queue, for what it keeps of tenants. */
export interface TenantErasureActivities {
  /** Erases for some seconds. Gives how much went, and whether any is left. Idempotent by nature. */
  eraseTenantData(input: { tenantId: string }): Promise<{ removed: number; left: boolean }>;
}
