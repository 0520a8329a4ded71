import { isPortFree } from '../../platform/ports.ts';

/** Below where Linux (32768) and others (49152) begin to give ports to connections and to listeners on port 0. */
const range = { from: 12_000, to: 32_000 };

/**
 * Free ports that stay so while the process that listens on them is dead for a while: nobody gets one of them by chance.
 * Should somebody else want the same one, starting again with others helps.
 */
export async function steadyPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = range.from + Math.floor(Math.random() * (range.to - range.from));
    if (await isPortFree(port)) ports.add(port);
  }
  return [...ports];
}
