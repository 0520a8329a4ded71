import type { Reading } from './reading.ts';

/** How far an entity has come, as the newest event that was taken has told it. */
export interface EntityProgress {
  stateAt: Date | null;
  rank: number;
  final: boolean;
}

/**
 * Whether an event is late: the entity has come further, by the sender's own clock. One without a time is taken in the order
 * of its coming.
 */
export function isStale(
  known: EntityProgress,
  given: Pick<Reading, 'occurredAt' | 'rank' | 'final'>,
): boolean {
  if (known.final && !given.final) return true;
  if (known.stateAt === null || given.occurredAt === null) return false;
  const older = given.occurredAt.getTime() - known.stateAt.getTime();
  return older < 0 || (older === 0 && given.rank < known.rank);
}
