import { valueAt } from './delivery-facts.ts';
import { idOf, momentOf } from './pointer.ts';
import type { Readable, Reading } from './reading.ts';
import type { ReadingRules } from './source.ts';

/** Reads an event of a generic source by its configuration. What stands in it, others fetch by the delivery's ID. */
export function readGeneric(rules: ReadingRules, { body, headers }: Readable): Reading {
  const tell = (locator: string | undefined): unknown =>
    locator === undefined ? undefined : valueAt(locator, { headers }, body);
  const externalId = idOf(tell(rules.entity_id));
  return {
    event: 'webhook.received_generic',
    entity: externalId === null ? null : { kind: rules.entity_kind ?? 'entity', externalId },
    occurredAt: momentOf(tell(rules.occurred_at)),
    rank: 0,
    final: false,
    subjects: [],
    facts: {},
  };
}
