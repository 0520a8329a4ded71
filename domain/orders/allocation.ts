/** What a location has free of one thing. */
export interface Offer {
  location: string;
  available: number;
}

export interface Wish {
  lineId: string;
  sku: string;
  quantity: number;
}

export interface Allocation {
  lineId: string;
  sku: string;
  location: string;
  quantity: number;
}

export interface AllocationPlan {
  allocations: Allocation[];
  /** Lines that cannot be had whole. Nothing is taken for them. */
  missing: { lineId: string; available: number }[];
}

/**
 * Chooses where each line is taken from. As few locations as possible: the one that can serve most lines whole goes first,
 * and a line is split only when no location has all of it. Of equals, the first by name, so that the same stock always
 * gives the same plan.
 *
 * @param offers what each thing has where. A thing that is not listed is made to order: it is not kept in stock.
 */
export function planAllocation(
  wishes: readonly Wish[],
  offers: ReadonlyMap<string, readonly Offer[]>,
  madeAt: string,
): AllocationPlan {
  const plan: AllocationPlan = { allocations: [], missing: [] };
  const left = new Map<string, Map<string, number>>();
  for (const [sku, list] of offers) {
    left.set(sku, new Map(list.map(({ location, available }) => [location, Math.max(0, available)])));
  }
  const take = (wish: Wish, location: string, quantity: number): void => {
    plan.allocations.push({ lineId: wish.lineId, sku: wish.sku, location, quantity });
    const of = left.get(wish.sku);
    of?.set(location, (of.get(location) ?? 0) - quantity);
  };
  const open: Wish[] = [];
  for (const wish of wishes) {
    const of = left.get(wish.sku);
    const total = of ? [...of.values()].reduce((sum, one) => sum + one, 0) : wish.quantity;
    if (!of) take(wish, madeAt, wish.quantity);
    else if (total < wish.quantity) plan.missing.push({ lineId: wish.lineId, available: total });
    else open.push(wish);
  }
  while (open.length > 0) {
    const best = bestLocation(open, left);
    if (best === null) break;
    const served = servedBy(best, open, left);
    for (const wish of served) take(wish, best, wish.quantity);
    for (const wish of served) open.splice(open.indexOf(wish), 1);
  }
  for (const wish of open) splitWish(wish, left.get(wish.sku) ?? new Map(), take, plan);
  return plan;
}

type Left = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** The wishes that a location can serve whole, one after another. */
function servedBy(location: string, open: readonly Wish[], left: Left): Wish[] {
  const taken = new Map<string, number>();
  return open.filter(({ sku, quantity }) => {
    const free = (left.get(sku)?.get(location) ?? 0) - (taken.get(sku) ?? 0);
    if (free < quantity) return false;
    taken.set(sku, (taken.get(sku) ?? 0) + quantity);
    return true;
  });
}

function bestLocation(open: readonly Wish[], left: Left): string | null {
  const locations = new Set(open.flatMap(({ sku }) => [...(left.get(sku)?.keys() ?? [])]));
  let best: { location: string; serves: number } | null = null;
  for (const location of [...locations].sort()) {
    const serves = servedBy(location, open, left).length;
    if (serves > (best?.serves ?? 0)) best = { location, serves };
  }
  return best?.location ?? null;
}

/** Takes a line from several locations, the fullest first. Others of the same thing may have left too little. */
function splitWish(
  wish: Wish,
  of: ReadonlyMap<string, number>,
  take: (wish: Wish, location: string, quantity: number) => void,
  plan: AllocationPlan,
): void {
  const parts = [...of].filter(([, free]) => free > 0).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const total = parts.reduce((sum, [, free]) => sum + free, 0);
  if (total < wish.quantity) {
    plan.missing.push({ lineId: wish.lineId, available: total });
    return;
  }
  let wanted = wish.quantity;
  for (const [location, free] of parts) {
    const quantity = Math.min(free, wanted);
    if (quantity > 0) take(wish, location, quantity);
    wanted -= quantity;
  }
}
