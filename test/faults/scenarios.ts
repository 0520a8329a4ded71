import type { Part } from './part.ts';
import type { Chance } from './seed.ts';
import type { FaultSystem, Service } from './system.ts';

/** Ends a fault: on return, everything is there again. */
export type Heal = () => Promise<void>;

export interface Scenario {
  name: string;
  /** It goes on while there is work for it to disturb, for a minute at most; else it is healed at once. */
  lasts: boolean;
  strike(system: FaultSystem, chance: Chance): Promise<Heal>;
}

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
  answerLost('the API', ({ api }) => api),
];

function killed(
  whom: string,
  victims: (system: FaultSystem, chance: Chance) => readonly Part[],
  signal: 'SIGKILL' | 'SIGQUIT' = 'SIGKILL',
): Scenario {
  return {
    name: `${whom} ${whom.endsWith('s') ? 'are' : 'is'} killed`,
    lasts: false,
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
    lasts: true,
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
    lasts: true,
    strike: async (system, chance) => {
      const proxy = victim(system, chance)[link];
      proxy[how]();
      return async () => proxy.heal();
    },
  };
}

/** The one moment in which nobody can know whether a transaction has taken effect. */
function answerLost(whom: string, victim: (system: FaultSystem, chance: Chance) => Service): Scenario {
  return {
    name: `${whom} never hears that its transaction is committed`,
    lasts: false,
    strike: async (system, chance) => {
      const { toPostgres } = victim(system, chance);
      const times = 1 + Math.floor(chance.next() * 3);
      for (let time = 0; time < times; time += 1) await toPostgres.loseAnswerTo('commit');
      return async () => undefined;
    },
  };
}
