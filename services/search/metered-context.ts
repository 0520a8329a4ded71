import type { ChargeScope, Settlement } from '../../db/search/limits.repository.ts';
import type { ProviderAnswer } from '../../domain/search/provider.ts';
import type { HealthReporter } from './health-reporter.ts';
import type { SearchScope } from './contract.ts';
import type { SearchParts } from './parts.ts';

/** What calls that are limited or billed are made with. */
export interface MeteredContext {
  parts: SearchParts;
  health: HealthReporter;
  scope: ChargeScope & Pick<SearchScope, 'source' | 'fence'>;
  signal: AbortSignal;
  /** Takes what in-process calls come to: they are settled where the results are stored. */
  settleLater: (providerId: string, settlement: Settlement) => void;
}

/** @param keep the answer is worth keeping for equal work tried again */
export function settlementOf(
  effectKey: string,
  answer: ProviderAnswer,
  amountMicros: bigint,
  keep: boolean,
): Settlement {
  return { effectKey, outcome: answer.outcome, amountMicros, answer: keep ? answer : null };
}
