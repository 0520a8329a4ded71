/** The clock of this program is off from now on, as that of a machine may be. Gives the way back. */
export function shiftClock(seconds: number): () => void {
  const RealDate = Date;
  const now = (): number => RealDate.now() + seconds * 1_000;
  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (_target, given: unknown[], newTarget) =>
      Reflect.construct(RealDate, given.length === 0 ? [now()] : given, newTarget) as object,
    get: (_target, name) => (name === 'now' ? now : (Reflect.get(RealDate, name) as unknown)),
  });
  return () => {
    globalThis.Date = RealDate;
  };
}
