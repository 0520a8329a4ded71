import type { Domain } from '../../domain/domains.ts';
import type { Stage } from './stage.ts';

/** A business process that must come to the same end whatever happens to the system meanwhile. */
export interface ProcessUnderTest {
  name: string;
  /** Whose workers it needs. */
  domains: readonly Domain[];
  /** It bears to be run beside others of its organisation, under faults of every kind. */
  underFaults: boolean;
  /** Too long for the sample of `npm test`: why. */
  slow?: string;
  /** Tried in each `npm test`, at this boundary: an acceptance check asks for it. */
  surelyAt?: string;
  /** Which boundaries are its own, where others' work goes on beside it. Default: all. */
  points?: RegExp;
  /** Has the API accept one, and gives its address. What it asks for again and again is the caller's business. */
  submit(stage: Stage): Promise<string>;
  /** What its owner does once the fault is over, if it has been waiting for that. */
  release?(stage: Stage, address: string): Promise<void>;
  /** What others do for it meanwhile, as a carrier brings a parcel. Asked for again and again until it has ended. */
  meanwhile?(stage: Stage, address: string): Promise<void>;
  /** Whether it has ended. Default: what is at its address is completed, failed or cancelled. */
  hasEnded?(stage: Stage, address: string): Promise<boolean>;
  /** Has tried again what has failed for lack of a provider. False when there is no such thing. */
  retry?(stage: Stage, address: string): Promise<boolean>;
  /** It ends its organisation, of which nothing can be asked afterwards. */
  endsOrganisation?: boolean;
  /** Everything that must be the same however it came about. Read when it has ended. */
  outcome(stage: Stage, address: string): Promise<Outcome>;
}

export interface Outcome {
  /** Results, counters and costs: the same also when rows had to be tried again. */
  result: unknown;
  /** Events, webhooks: what was told of it on the way, the same unless its owner did something else. */
  told: unknown;
  /** What others have done for us, each of it once: charges, refunds, labels, messages received. */
  outside?: unknown;
}
