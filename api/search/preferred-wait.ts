import type { Context } from 'koa';

const longestWait = 30;

/** How the header is declared on a route. */
export const preferHeader = {
  Prefer: `\`wait=<seconds>\`: wait for the end, at most ${longestWait} seconds.`,
};

/** The seconds that a caller wants to wait for the end (`Prefer: wait=10`, RFC 7240); 0 for none. */
export function preferredWait(ctx: Context): number {
  const wait = /(?:^|,)\s*wait\s*=\s*(\d{1,4})\s*(?:,|;|$)/i.exec(ctx.get('Prefer'))?.[1];
  return Math.min(Number(wait ?? 0), longestWait);
}
