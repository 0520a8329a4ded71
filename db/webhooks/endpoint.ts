import type { DisabledReason, EndpointState, Ordering } from '../../domain/webhooks/endpoint.ts';

/** A secret that was rotated away and signs beside the present one until its time is over. */
export interface OldSecret {
  sealed: string;
  /** ISO 8601. */
  until: string;
}

/** Where an organisation wants its events to be sent. */
export interface Endpoint {
  id: string;
  tenantId: string;
  url: string;
  description: string;
  eventTypes: string[];
  payloadVersion: number;
  ordering: Ordering;
  /** Messages a second at most; null: as fast as it takes them. */
  ratePerSecond: number | null;
  /** Sealed, with all names and values; null without any. */
  headers: string | null;
  /** Sealed. */
  secret: string;
  oldSecrets: OldSecret[];
  state: EndpointState;
  disabledReason: DisabledReason | null;
  /** Counts the changes that people make. */
  version: number;
  createdBy: string;
  createdAt: Date;
  updatedAt: Date;
}

/** The old secrets whose time is not over. */
export const presentOldSecrets = (table: string): string =>
  `coalesce((select jsonb_agg(old order by place) from jsonb_array_elements(${table}.old_secrets)
     with ordinality as olds (old, place) where (old ->> 'until')::timestamptz > now()), '[]')`;

export const endpointColumns = `id, tenant_id as "tenantId", url, description, event_types as "eventTypes",
  payload_version as "payloadVersion", ordering, rate_per_second as "ratePerSecond", headers, secret,
  ${presentOldSecrets('endpoints')} as "oldSecrets", state, disabled_reason as "disabledReason", version, created_by as "createdBy",
  created_at as "createdAt", updated_at as "updatedAt"`;
