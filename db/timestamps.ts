/** Rows with dates in some of their columns; where there may be nothing, there may be nothing still. */
type WithDates<R, K extends keyof R> = Omit<R, K> & { [C in K]: null extends R[C] ? Date | null : Date };

/**
 * Turns columns of rows that raw SQL gave into dates: the driver leaves timestamps as PostgreSQL's text, which keeps
 * their microseconds. Null stays null. Rows of entities need no such thing.
 */
export function withDates<R extends object, K extends keyof R & string>(
  rows: readonly R[],
  columns: readonly K[],
): WithDates<R, K>[] {
  return rows.map((row) => {
    const dates = columns.map((column) => {
      const text = row[column] as string | null;
      return [column, text === null ? null : new Date(text)] as const;
    });
    return { ...row, ...Object.fromEntries(dates) } as WithDates<R, K>;
  });
}
