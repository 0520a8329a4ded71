import type { Domain } from '../domains.ts';

/**
 * The domains beside search that keep something of an organisation's people, in the order in which they erase their parts, each on its own
 * queue. Notifications come behind orders: once an order has lost its customer, no mail asks for the address any more.
 */
export const domainsOfPeople: readonly Domain[] = ['webhooks', 'orders', 'notifications'];

/** Where files of erasures lie, with a folder a tenant. */
export const erasuresFolder = 'erasures';

/** The sealed words of whom to forget, for the other domains while an erasure runs. */
export function erasureSubjectKey(tenantId: string, erasureId: string): string {
  return `${erasuresFolder}/${tenantId}/${erasureId}`;
}

/** What they are bound to: they open for their erasure alone. */
export function erasureContext(tenantId: string, erasureId: string): string[] {
  return ['search-erasure', tenantId, erasureId];
}
