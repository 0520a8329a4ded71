/**
 * What an endpoint may listen to: one type (`batch.completed`), everything of an area (`batch.*`), or everything (`*`).
 */
export const eventFilterForm = /^(?:\*|[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*(?:\.\*)?)$/;

/** Whether a filter names one type, and not many by a star. */
export function isExact(filter: string): boolean {
  return !filter.endsWith('*');
}

/**
 * Whether an endpoint with these filters hears an event of this type. `*` leaves out what tells of webhooks themselves: those who
 * want to watch over their endpoints name `endpoint.*` or `message.*`.
 *
 * @param operational the event tells of endpoints or of messages to them
 */
export function hears(filters: readonly string[], type: string, operational: boolean): boolean {
  return filters.some((filter) => {
    if (filter === '*') return !operational;
    return isExact(filter) ? filter === type : type.startsWith(filter.slice(0, -1));
  });
}
