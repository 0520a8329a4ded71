/**
 * A parameter that is an array, written as PostgreSQL reads one. For values that need no quoting: numbers, booleans, UUIDs,
 * times, and words of letters and underscores. The driver looks through each value of an array for what it would have to
 * escape, which for the columns of thousands of rows takes longer than the rest of the statement.
 */
export function plainArray(values: readonly (string | number | bigint | boolean | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** The same for values in hex, as bytea. */
export function byteaArray(hex: readonly (string | null)[]): string {
  return `{${hex.map((value) => (value === null ? 'NULL' : `"\\\\x${value}"`)).join(',')}}`;
}

const toBeEscaped = /["\\]/g;

/** The same for any text: JSON, or what a person wrote. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values
    .map((value) => (value === null ? 'NULL' : `"${value.replace(toBeEscaped, '\\$&')}"`))
    .join(',')}}`;
}
