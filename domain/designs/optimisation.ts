export const optimisationStates = ['requested', 'completed', 'unchanged', 'superseded', 'failed'] as const;

export type OptimisationState = (typeof optimisationStates)[number];

/** A smaller copy stands for a picture only if it saves at least this part of its bytes. */
const worthwhile = 0.05;

export function isWorthwhile(before: number, after: number): boolean {
  return after <= before * (1 - worthwhile);
}

/** What became of one picture of a design. */
export interface PictureSaving {
  asset_id: string;
  /** Null: it was small enough. */
  replaced_by: string | null;
  bytes_before: number;
  bytes_after: number;
}

export interface OptimisationReport {
  /** What the design does not show, and no longer has. */
  dropped: { asset_id: string; bytes: number }[];
  pictures: PictureSaving[];
  /** Of all assets of the design. */
  bytes_before: number;
  bytes_after: number;
}

interface AssetBytes {
  id: string;
  bytes: number;
}

/** What an optimisation saves. */
export function reportOf(
  dropped: readonly AssetBytes[],
  shown: readonly { before: AssetBytes; after: AssetBytes | null }[],
): OptimisationReport {
  const pictures = shown.map(({ before, after }) => ({
    asset_id: before.id,
    replaced_by: after?.id ?? null,
    bytes_before: before.bytes,
    bytes_after: (after ?? before).bytes,
  }));
  const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    dropped: dropped.map(({ id, bytes }) => ({ asset_id: id, bytes })),
    pictures,
    bytes_before: sum([
      ...dropped.map(({ bytes }) => bytes),
      ...pictures.map((picture) => picture.bytes_before),
    ]),
    bytes_after: sum(pictures.map((picture) => picture.bytes_after)),
  };
}
