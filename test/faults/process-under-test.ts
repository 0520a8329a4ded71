import type { Stage } from './stage.ts';

/** A business process that must come to the same end whatever happens to the system meanwhile. */
export interface ProcessUnderTest {
  name: string;
  /** Has the API accept one, and gives its address. What it asks for again and again is the caller's business. */
  submit(stage: Stage): Promise<string>;
  /** What its owner does once the fault is over, if it has been waiting for that. */
  release?(stage: Stage, address: string): Promise<void>;
  /** Has tried again what has failed for lack of a provider. False when there is no such thing. */
  retry?(stage: Stage, address: string): Promise<boolean>;
  /** Everything that must be the same however it came about. Read when it has ended. */
  outcome(stage: Stage, address: string): Promise<Outcome>;
}

export interface Outcome {
  /** Results, counters and costs: the same also when rows had to be tried again. */
  result: unknown;
  /** Events, webhooks: what was told of it on the way, the same unless its owner did something else. */
  told: unknown;
}
