import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Failure } from '../failure.ts';
import {
  applyCommand,
  batchCommands,
  batchHolds,
  batchPhases,
  batchState,
  isFinished,
  type BatchStanding,
} from './batch.ts';

const working = ['submitted', 'validating', 'ingesting', 'searching'];
const anywhere = fc.record({
  phase: fc.constantFrom(...batchPhases),
  hold: fc.constantFrom(...batchHolds, null),
});
const command = fc.constantFrom(...batchCommands);

function attempt(name: (typeof batchCommands)[number], standing: BatchStanding): BatchStanding | Failure {
  try {
    return applyCommand(name, standing);
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error;
  }
}

describe('Commands to a batch', () => {
  it('are refused with the state that stands in the way', () => {
    fc.assert(
      fc.property(command, anywhere, (name, standing) => {
        const outcome = attempt(name, standing);
        if (!(outcome instanceof Failure)) return;
        assert.equal(outcome.code, 'search.batch_state');
        assert.equal(outcome.details['state'], batchState(standing));
      }),
    );
  });

  it('change nothing when they come again', () => {
    fc.assert(
      fc.property(command, anywhere, (name, standing) => {
        const once = attempt(name, standing);
        if (!(once instanceof Failure)) assert.deepEqual(attempt(name, once), once);
      }),
    );
  });

  it('never move a batch but to search again what has ended', () => {
    fc.assert(
      fc.property(command, anywhere, (name, standing) => {
        const outcome = attempt(name, standing);
        if (outcome instanceof Failure || outcome.phase === standing.phase) return;
        assert.equal(name, 'retry-failed');
        assert.ok(isFinished(standing.phase));
        assert.deepEqual(outcome, { phase: 'searching', hold: null });
      }),
    );
  });

  it('hold only what is working, and let nobody take a cancellation back', () => {
    fc.assert(
      fc.property(anywhere, (standing) => {
        const { phase, hold } = standing;
        const possible = working.includes(phase);
        assert.equal(attempt('cancel', standing) instanceof Failure, !possible);
        for (const name of ['pause', 'resume', 'change'] as const) {
          assert.equal(attempt(name, standing) instanceof Failure, !possible || hold === 'cancel', name);
        }
        assert.equal(attempt('delete', standing) instanceof Failure, !isFinished(phase));
      }),
    );
  });
});
