/** A statement of the matcher: with this probability it is a match; and whether it is one. */
export interface Judged {
  probability: number;
  right: boolean;
}

export interface Quality {
  precision: number;
  recall: number;
  f1: number;
}

/** Precision, recall and F1 of what is at or above a probability. */
export function qualityAt(threshold: number, judged: readonly Judged[], truths: number): Quality {
  const found = judged.filter(({ probability }) => probability >= threshold);
  const right = found.filter((one) => one.right).length;
  const precision = found.length === 0 ? 1 : right / found.length;
  const recall = truths === 0 ? 1 : right / truths;
  return { precision, recall, f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

/** The threshold with the best F1, for comparison with systems that choose it afterwards. */
export function bestQuality(judged: readonly Judged[], truths: number): Quality & { threshold: number } {
  const sorted = judged.toSorted((a, b) => b.probability - a.probability);
  let right = 0;
  let best = { precision: 0, recall: 0, f1: 0, threshold: 1 };
  sorted.forEach((one, index) => {
    if (one.right) right += 1;
    if (sorted[index + 1]?.probability === one.probability) return;
    const precision = right / (index + 1);
    const recall = right / truths;
    const f1 = right === 0 ? 0 : (2 * precision * recall) / (precision + recall);
    if (f1 > best.f1) best = { precision, recall, f1, threshold: one.probability };
  });
  return best;
}

/** Expected calibration error over ten equal-width bins (Naeini 2015): how far probabilities are from what came true. */
export function calibrationError(judged: readonly Judged[]): number {
  const bins = Array.from({ length: 10 }, () => ({ claimed: 0, right: 0 }));
  for (const { probability, right } of judged) {
    const bin = bins[Math.min(9, Math.floor(probability * 10))];
    if (!bin) continue;
    bin.claimed += probability;
    bin.right += right ? 1 : 0;
  }
  const off = bins.reduce((sum, { claimed, right }) => sum + Math.abs(claimed - right), 0);
  return judged.length === 0 ? 0 : off / judged.length;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * The slope and shift (in bits) that would make the stated probabilities come true: logistic regression of the outcome on
 * the log-odds, every set with the same weight, by gradient descent.
 */
export function fitCalibration(sets: readonly (readonly Judged[])[]): { slope: number; shift: number } {
  let slope = 1;
  let shift = 0;
  const points = sets.flatMap((judged) =>
    judged.map(({ probability, right }) => {
      const odds = Math.min(1 - 1e-6, Math.max(1e-6, probability));
      return { bits: Math.log2(odds / (1 - odds)), right: right ? 1 : 0, share: 1 / judged.length };
    }),
  );
  for (let step = 0; step < 400; step += 1) {
    let [slopeUp, shiftUp] = [0, 0];
    for (const { bits, right, share } of points) {
      const error = share * (right - 1 / (1 + 2 ** -(slope * bits + shift)));
      slopeUp += error * bits;
      shiftUp += error;
    }
    slope += slopeUp * 0.2;
    shift += shiftUp * 2;
  }
  return { slope, shift };
}
