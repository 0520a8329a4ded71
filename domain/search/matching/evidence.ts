/** What one field says for or against two records being the same person. */
export interface Evidence {
  field: string;
  /** How the values agree: `exact`, `close`, `similar`, `nickname`, `swapped`, `different` … */
  level: string;
  /** Bits: log2 of how much likelier this is for the same person than for two people. */
  weight: number;
  query: string;
  value: string;
}

/** Bits of evidence: `m` its chance between records of one person, `u` between records of two (Fellegi and Sunter 1969). */
export function bits(m: number, u: number): number {
  return Math.log2(m / Math.min(1, Math.max(u, 1e-12)));
}
