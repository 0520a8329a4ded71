import { categoryRules, channels, type Cadence, type Category, type Channel } from './categories.ts';
import { minutesOf, nextHour, nextTimeOfDay } from './local-time.ts';
import { quietUntil, type QuietHours } from './quiet-hours.ts';

/** How somebody is to be told, with all that others have said for them. */
export interface Wishes {
  cadence: Readonly<Record<Category, Readonly<Record<Channel, Cadence>>>>;
  timeZone: string;
  quietHours: QuietHours | null;
  /** When the daily message comes, `HH:MM`. */
  digestTime: string;
}

/** One way on which a notice goes out. */
export interface Way {
  channel: Channel;
  /** Null: by itself and at once. Otherwise it waits, together with others of its kind. */
  gathered: { into: 'digest' | 'held'; until: Date } | null;
}

export interface Plannable {
  category: Category;
  critical: boolean;
  /** Those that can carry it at all. */
  channels: readonly Channel[];
}

/**
 * On which ways a notice goes out, and when.
 *
 * What is critical goes at once, whatever its reader prefers and whatever the hour. It goes to the endpoints of an organisation only
 * where that has asked for it. Quiet hours hold mails alone: nothing else makes a noise.
 */
export function planNotice(notice: Plannable, wishes: Wishes, now: Date): Way[] {
  return channels
    .filter((channel) => notice.channels.includes(channel))
    .flatMap((channel): Way[] => {
      const wished = wishes.cadence[notice.category][channel];
      const cadence = notice.critical && channel !== 'webhook' ? 'instant' : wished;
      if (cadence === 'never') return [];
      if (channel !== 'email' || notice.critical) return [{ channel, gathered: null }];
      return [{ channel, gathered: gather(cadence, wishes, now) }];
    });
}

function gather(cadence: Exclude<Cadence, 'never'>, wishes: Wishes, now: Date): Way['gathered'] {
  const { timeZone, quietHours, digestTime } = wishes;
  const quiet = (at: Date): Date | null => (quietHours ? quietUntil(quietHours, timeZone, at) : null);
  if (cadence === 'instant') {
    const until = quiet(now);
    return until && { into: 'held', until };
  }
  const due =
    cadence === 'hourly' ? nextHour(timeZone, now) : nextTimeOfDay(timeZone, now, minutesOf(digestTime));
  return { into: 'digest', until: quiet(due) ?? due };
}

/** What becomes of a mail whose time has come: preferences and hours may be others by now than when it was planned. */
export type Admission = { send: true } | { send: false; skip: true } | { send: false; until: Date };

export function admit(mail: { category: Category; critical: boolean }, wishes: Wishes, now: Date): Admission {
  if (mail.critical || categoryRules[mail.category].critical) return { send: true };
  if (wishes.cadence[mail.category].email === 'never') return { send: false, skip: true };
  const until = wishes.quietHours && quietUntil(wishes.quietHours, wishes.timeZone, now);
  return until ? { send: false, until } : { send: true };
}
