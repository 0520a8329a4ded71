/** What the sealed words of whom to forget are bound to: they open for their erasure alone. */
export function erasureContext(tenantId: string, erasureId: string): string[] {
  return ['search-erasure', tenantId, erasureId];
}
