import { shiftClock } from '../../support/shifted-clock.ts';

/** Loaded before a program: the clock of its machine is off by `CLOCK_OFF_SECONDS`. */
shiftClock(Number(process.env['CLOCK_OFF_SECONDS']));
