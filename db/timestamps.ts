/**
 * Turns columns of rows that raw SQL gave into dates: the driver leaves timestamps as PostgreSQL's text, which keeps
 * their microseconds. Rows of entities need no such thing.
 */
export function withDates<R extends object, K extends keyof R & string>(
  rows: readonly R[],
  columns: readonly K[],
): (Omit<R, K> & Record<K, Date>)[] {
  return rows.map((row) => {
    const dates = columns.map((column) => [column, new Date(row[column] as string)] as const);
    return { ...row, ...(Object.fromEntries(dates) as Record<K, Date>) };
  });
}
