const dayMs = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

/** What the clock on the wall shows, as if it were UTC. */
function wallClock(zone: string, at: Date): number {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatOf(zone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** How far the zone's clocks are ahead of UTC, in milliseconds. */
function offsetAt(zone: string, at: Date): number {
  return wallClock(zone, at) - Math.floor(at.getTime() / 1_000) * 1_000;
}

/** Midnight of the local day, some days on, as a wall clock. */
export function localDay(zone: string, at: Date, daysOn = 0): number {
  return Math.floor(wallClock(zone, at) / dayMs) * dayMs + daysOn * dayMs;
}

/**
 * When the clocks of a zone show a time of day, earliest first: once; twice where they are turned back over it. Where they are
 * turned forward over it they never do, and it counts as the moment that comes as long after the turn (as `02:30` is then `03:30`).
 *
 * @param day as `localDay` gives it
 * @param minutes since midnight
 */
export function momentsOf(zone: string, day: number, minutes: number): [Date, ...Date[]] {
  const wall = day + minutes * 60_000;
  const before = wall - offsetAt(zone, new Date(wall - dayMs));
  const after = wall - offsetAt(zone, new Date(wall + dayMs));
  const [first, ...rest] = [...new Set([before, after])]
    .toSorted((a, b) => a - b)
    .filter((moment) => wallClock(zone, new Date(moment)) === wall)
    .map((moment) => new Date(moment));
  return first ? [first, ...rest] : [new Date(before)];
}

/** The next full hour on the clocks of a zone. */
export function nextHour(zone: string, after: Date): Date {
  const offset = offsetAt(zone, after);
  const hour = 3_600_000;
  return new Date((Math.floor((after.getTime() + offset) / hour) + 1) * hour - offset);
}

/** The next time that the clocks show a time of day; on the day that has it twice, the first. */
export function nextTimeOfDay(zone: string, after: Date, minutes: number): Date {
  for (const daysOn of [0, 1, 2]) {
    const [moment] = momentsOf(zone, localDay(zone, after, daysOn), minutes);
    if (moment > after) return moment;
  }
  throw new Error(`There is no such time of day in ${zone}.`);
}

/** `HH:MM` as minutes since midnight. */
export function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

/** Day and time as people of a zone read them. */
export function inWords(zone: string, at: Date): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at);
}
