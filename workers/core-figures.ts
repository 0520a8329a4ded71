/** Where the core of Temporal's SDK shows its own figures, on this machine alone; null while it does not. */
let address: string | null = null;

/** Remembers where the core listens: it has one runtime a process. */
export function coreListensAt(port: number): string {
  const bindAddress = `127.0.0.1:${port}`;
  address = `http://${bindAddress}/metrics`;
  return bindAddress;
}

/** The core's figures (slots, pollers, caches, latencies) in Prometheus's text format, for the end of our own. */
export async function coreFigures(): Promise<string> {
  if (address === null) return '';
  const response = await fetch(address, { signal: AbortSignal.timeout(2_000) });
  return await response.text();
}
