/** How heavy and how large one unit is, as it is packed. Of what nobody has weighed or measured there is null. */
export interface UnitMeasures {
  /** 0 for what weighs nothing, such as a voucher. */
  weightGrams: number | null;
  size: UnitSize | null;
}

/** Whole millimetres, in any order. */
export interface UnitSize {
  lengthMm: number;
  widthMm: number;
  heightMm: number;
}

export interface PackedUnits extends UnitMeasures {
  sku: string;
  quantity: number;
}

export type MeasuredParcel =
  | { kind: 'parcel'; weightGrams: number; size: UnitSize | null }
  /** Nothing in it weighs anything: no carrier is needed. */
  | { kind: 'weightless' }
  /** Things that nobody has weighed: no carrier says what it costs. */
  | { kind: 'unweighed'; skus: string[] };

/**
 * The parcel that some units make. They lie one upon the other, each on its largest side: what a carrier reckons by – weight,
 * volume, longest side – is then never too small by more than the box. If one of them is not measured, only weight counts.
 */
export function measureParcel(units: readonly PackedUnits[]): MeasuredParcel {
  const unweighed = units.filter(({ weightGrams }) => weightGrams === null).map(({ sku }) => sku);
  if (unweighed.length > 0) return { kind: 'unweighed', skus: [...new Set(unweighed)] };
  const weightGrams = units.reduce((sum, one) => sum + (one.weightGrams ?? 0) * one.quantity, 0);
  if (weightGrams === 0) return { kind: 'weightless' };
  return { kind: 'parcel', weightGrams, size: stacked(units.filter((one) => one.weightGrams !== 0)) };
}

function stacked(units: readonly PackedUnits[]): UnitSize | null {
  const stack: UnitSize = { lengthMm: 0, widthMm: 0, heightMm: 0 };
  for (const { size, quantity } of units) {
    if (size === null) return null;
    const [long = 0, middle = 0, short = 0] = [size.lengthMm, size.widthMm, size.heightMm].sort(
      (a, b) => b - a,
    );
    stack.lengthMm = Math.max(stack.lengthMm, long);
    stack.widthMm = Math.max(stack.widthMm, middle);
    stack.heightMm += short * quantity;
  }
  return stack;
}
