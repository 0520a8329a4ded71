/** What came in for a tenant. What refers to others stands before them. */
export const inboundErasure: readonly string[] = [
  `delete from webhooks.inbound_waits where ctid in (
     select ctid from webhooks.inbound_waits where tenant_id = $1 limit $2)`,
  `delete from webhooks.inbound_events where id in (
     select id from webhooks.inbound_events where tenant_id = $1 limit $2)`,
  `delete from webhooks.inbound_deliveries where id in (
     select id from webhooks.inbound_deliveries where tenant_id = $1 limit $2)`,
  `delete from webhooks.inbound_entities where id in (
     select id from webhooks.inbound_entities where tenant_id = $1 limit $2)`,
  `delete from webhooks.known_subjects where ctid in (
     select ctid from webhooks.known_subjects where tenant_id = $1 limit $2)`,
  `delete from webhooks.sources where id in (select id from webhooks.sources where tenant_id = $1 limit $2)`,
];
