export interface Assessment {
  rows: number;
  /** Rows for which a person was found. */
  found: number;
  /** Of these, how many are the right person. */
  right: number;
}

interface ResultLine {
  key: string;
  result: { status: string; match: { fields: { external_id?: string } } | null };
}

/** FEBRL's `rec-561-dup-0` and `rec-561-org` are the same person: number 561. */
function personNumber(recordId: string): string {
  return /^rec-(\d+)-/.exec(recordId)?.[1] ?? recordId;
}

/** Compares what the batch found with what the data set itself knows. */
export function assess(ndjson: string): Assessment {
  const lines = ndjson
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ResultLine);
  const found = lines.filter((line) => line.result.status === 'found');
  const right = found.filter(
    ({ key, result }) => personNumber(key) === personNumber(result.match?.fields.external_id ?? ''),
  );
  return { rows: lines.length, found: found.length, right: right.length };
}
