import { Gauge, type Registry } from 'prom-client';
import type { Database } from './database.ts';

/** Shows the pools of some databases: what is in use, what is idle, what waits for a connection, and how many there may be. */
export function watchPools(registry: Registry, databases: Readonly<Record<string, Database>>): void {
  const watch = (name: string, help: string, labelNames: string[], read: (gauge: Gauge) => void) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        read(this);
      },
    });
  const pools = () =>
    Object.entries(databases).flatMap(([pool, database]) =>
      database.poolStates().map((state) => ({ pool, ...state })),
    );
  watch(
    'perdure_database_connections',
    'Connections of a pool by state; those that wait have none yet.',
    ['pool', 'database', 'state'],
    (gauge) => {
      for (const { pool, database, inUse, idle, waiting } of pools()) {
        gauge.set({ pool, database, state: 'in_use' }, inUse);
        gauge.set({ pool, database, state: 'idle' }, idle);
        gauge.set({ pool, database, state: 'waiting' }, waiting);
      }
    },
  );
  watch('perdure_database_pool_size', 'Most connections of a pool.', ['pool', 'database'], (gauge) => {
    for (const { pool, database, size } of pools()) gauge.set({ pool, database }, size);
  });
}
