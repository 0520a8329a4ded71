import { localDay, minutesOf, momentsOf } from './local-time.ts';

/** From when to when nobody is to be disturbed, `HH:MM` by the clocks of the person's zone; over midnight where it ends earlier than it begins. */
export interface QuietHours {
  from: string;
  to: string;
}

/**
 * When the quiet hours that a moment lies in are over; null when it lies in none.
 *
 * They begin when the clocks first show their beginning, and end when they last show their end: on the night that has an hour
 * twice they last an hour longer, and what the clocks skip shortens them.
 */
export function quietUntil({ from, to }: QuietHours, zone: string, at: Date): Date | null {
  const overMidnight = minutesOf(to) <= minutesOf(from) ? 1 : 0;
  for (const daysOn of [-1, 0]) {
    const [begin] = momentsOf(zone, localDay(zone, at, daysOn), minutesOf(from));
    const ends = momentsOf(zone, localDay(zone, at, daysOn + overMidnight), minutesOf(to));
    const end = ends.at(-1) ?? ends[0];
    if (begin <= at && at < end) return end;
  }
  return null;
}
