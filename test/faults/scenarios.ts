import assert from 'node:assert/strict';
import { badVendors } from './bad-vendors.ts';
import type { Part } from './part.ts';
import { preload } from './preload.ts';
import type { Chance } from './seed.ts';
import { honest, type ProviderPatience } from './stage.ts';
import type { FaultSystem, Service } from './system.ts';

/** Ends a fault: on return, everything is there again. */
export type Heal = () => Promise<void>;

export interface Scenario {
  name: string;
  /**
   * It goes on while there is work for it to disturb, for so many seconds at most, in `npm run test:faults` for a minute;
   * with 0 it is healed at once.
   */
  lasts: number;
  /** One of each is among the sample of `npm test`. */
  kind: 'death' | 'silence' | 'reset' | 'lost answer' | 'vendor' | 'clock' | 'disk';
  /** How the customer has set its provider up; default: so that it is waited for however long it takes. */
  patience?: ProviderPatience;
  /** Rows may fail by it, as they should, and are then tried again. */
  failsRows?: boolean;
  /** Why it can't be tried here; null when it can. */
  impossible?(system: FaultSystem): string | null;
  strike(system: FaultSystem, chance: Chance): Promise<Heal>;
}

/** Seconds after which work is taken over from whom nobody hears. */
const longerThanHeartbeat = 12;
const briefly = 6;

/** Every fault that is tried. A new one joins here. */
export const scenarios: readonly Scenario[] = [
  killed('one worker', ({ workers }, chance) => [chance.pick(workers)]),
  killed('all workers', ({ workers }) => workers),
  killed('the API', ({ api }) => [api]),
  killed('Temporal', ({ temporal }) => [temporal]),
  killed('PostgreSQL', ({ postgres }) => [postgres], 'SIGQUIT'),
  frozen('one worker', ({ workers }, chance) => [chance.pick(workers)]),
  frozen('all workers', ({ workers }) => workers),
  frozen('the API', ({ api }) => [api]),
  frozen('Temporal', ({ temporal }) => [temporal]),
  parted('cut', 'a worker and PostgreSQL', 'toPostgres', ({ workers }, chance) => chance.pick(workers)),
  parted('cut', 'a worker and Temporal', 'toTemporal', ({ workers }, chance) => chance.pick(workers)),
  parted('reset', 'a worker and PostgreSQL', 'toPostgres', ({ workers }, chance) => chance.pick(workers)),
  parted('reset', 'a worker and Temporal', 'toTemporal', ({ workers }, chance) => chance.pick(workers)),
  parted('cut', 'the API and PostgreSQL', 'toPostgres', ({ api }) => api),
  parted('cut', 'the API and Temporal', 'toTemporal', ({ api }) => api),
  parted('reset', 'the API and PostgreSQL', 'toPostgres', ({ api }) => api),
  parted('reset', 'the API and Temporal', 'toTemporal', ({ api }) => api),
  answersLost('the API', ({ api }) => [api], /insert into search\.commands/),
  answersLost('a worker', ({ workers }) => workers, /insert into search\.(batch_results|persons)\b/),
  clockOff('an hour fast', 3_600),
  clockOff('an hour slow', -3_600),
  diskFull(),
  ...badVendors,
];

function killed(
  whom: string,
  victims: (system: FaultSystem, chance: Chance) => readonly Part[],
  signal: 'SIGKILL' | 'SIGQUIT' = 'SIGKILL',
): Scenario {
  return {
    name: `${whom} ${whom.endsWith('s') ? 'are' : 'is'} killed`,
    kind: 'death',
    lasts: 0,
    strike: async (system, chance) => {
      const parts = victims(system, chance);
      await Promise.all(parts.map((part) => part.kill(signal)));
      return async () => void (await Promise.all(parts.map((part) => part.start())));
    },
  };
}

function frozen(whom: string, victims: (system: FaultSystem, chance: Chance) => readonly Part[]): Scenario {
  return {
    name: `${whom} ${whom.endsWith('s') ? 'are' : 'is'} frozen`,
    kind: 'silence',
    lasts: longerThanHeartbeat,
    strike: async (system, chance) => {
      const parts = victims(system, chance);
      for (const part of parts) part.freeze();
      return async () => {
        for (const part of parts) part.thaw();
      };
    },
  };
}

function parted(
  how: 'cut' | 'reset',
  between: string,
  link: 'toPostgres' | 'toTemporal',
  victim: (system: FaultSystem, chance: Chance) => Service,
): Scenario {
  return {
    name: `the network between ${between} ${how === 'cut' ? 'is cut' : 'resets every connection'}`,
    kind: how === 'cut' ? 'silence' : 'reset',
    lasts: how === 'cut' ? longerThanHeartbeat : briefly,
    strike: async (system, chance) => {
      const proxy = victim(system, chance)[link];
      proxy[how]();
      return async () => proxy.heal();
    },
  };
}

/**
 * The one moment in which nobody can know whether a transaction has taken effect: the first few times that one of them
 * commits work of this kind, the answer is lost.
 */
function answersLost(
  whom: string,
  victims: (system: FaultSystem) => readonly Service[],
  work: RegExp,
): Scenario {
  return {
    name: `${whom} never hears that its transaction is committed`,
    kind: 'lost answer',
    lasts: briefly,
    strike: async (system, chance) => {
      const times = 1 + Math.floor(chance.next() * 3);
      const traps = victims(system).map(({ toPostgres }) => toPostgres.loseCommitsOf(work, times));
      return async () => {
        const lost = traps.map((disarm) => disarm()).reduce((sum, answers) => sum + answers, 0);
        assert.ok(lost > 0, 'No answer was lost: nothing was tried.');
      };
    },
  };
}

/** Nothing may hang on what time a worker takes it for: two of them then disagree about how long rows have waited. */
function clockOff(how: string, seconds: number): Scenario {
  return {
    name: `a worker's clock is ${how}, and the vendor asks for pauses`,
    kind: 'clock',
    lasts: longerThanHeartbeat,
    strike: async ({ vendor, workers }, chance) => {
      const worker = chance.pick(workers);
      const restart = async (environment: Record<string, string>): Promise<void> => {
        worker.environment = environment;
        await worker.stop();
        await worker.start();
      };
      await restart({ ...preload('clock'), CLOCK_OFF_SECONDS: String(seconds) });
      // Longer than a search waits by itself, and more than once, so that one worker reads what another has noted.
      const struck = performance.now();
      vendor.reply = (request) =>
        performance.now() - struck < 8_000
          ? { status: 429, headers: { 'retry-after': '6' } }
          : honest(request);
      return async () => {
        vendor.reply = honest;
        await restart({});
      };
    },
  };
}

function diskFull(): Scenario {
  return {
    name: 'the disk of the files is full',
    kind: 'disk',
    lasts: briefly,
    impossible: ({ disk }) => (disk ? null : 'this process may not mount a disk'),
    strike: async ({ disk }) => {
      await disk?.fill();
      return async () => await disk?.free();
    },
  };
}
