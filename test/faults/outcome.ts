import assert from 'node:assert/strict';
import type { Domain } from '../../domain/domains.ts';
import type { Answer } from './caller.ts';
import type { Stage } from './stage.ts';

/** The address of what was accepted. */
export function accepted(answer: Answer): string {
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return answer.location;
}

/**
 * The events of a subject, each type with how many there were. Steps of a search tell of as many rows as they have done:
 * how many steps there are is chance, how many rows they have done together is not.
 */
export async function eventsOf(
  { database }: Stage,
  subject: string,
  domain: Domain = 'search',
): Promise<Record<string, number>> {
  const rows = await database.read(domain, ({ sql }) =>
    sql<{ type: string; times: number }>(
      `select type, sum(case when type = 'search.performed' then (data ->> 'searches')::int else 1 end)::int as times
       from ${domain}.outbox where subject = $1 group by type order by type`,
      [subject],
    ),
  );
  return Object.fromEntries(rows.map(({ type, times }) => [type, times]));
}

/** The lines of a file as they would be whenever it were made: the ids in it are new each time. */
export function withoutIds(file: unknown): string[] {
  return String(file)
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'an id')
    .split('\n');
}
