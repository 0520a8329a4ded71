import type { Database } from '../../db/database.ts';
import type { Domain } from '../../domain/domains.ts';
import { until } from './until.ts';

/** Waits until so many transactions of a domain's database wait for what another holds. */
export async function untilWaiting(database: Database, domain: Domain, count: number): Promise<void> {
  await until(async () => {
    const rows = await database.read(domain, ({ sql }) =>
      sql(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`),
    );
    return rows.length >= count ? true : null;
  });
}
