import assert from 'node:assert/strict';
import { TenantShares } from './tenant-shares.ts';

describe('shares of tenants in a worker', () => {
  const signal = new AbortController().signal;
  const never = Number.POSITIVE_INFINITY;

  /** Steps that go on until they are told to end, and which of them have begun. */
  function steps(shares: TenantShares) {
    const begun: string[] = [];
    const start = (name: string, tenantId: string, until = never) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const done = shares.step(tenantId, until, signal, async () => {
        begun.push(name);
        await promise;
        return name;
      });
      return { done, end: resolve };
    };
    return { begun, start };
  }

  it('leave a batch alone with as many steps as it likes, and batches of several where there is time', async () => {
    for (const [isShort, others] of [
      [true, false],
      [false, true],
    ]) {
      const shares = new TenantShares({ isShort: () => isShort === true });
      const { promise: over, resolve: end } = Promise.withResolvers<void>();
      const other = others ? shares.during('small', () => over) : over;
      const { begun, start } = steps(shares);
      const lanes = await shares.during('large', async () =>
        ['1', '2', '3'].map((name) => start(name, 'large')),
      );
      assert.deepEqual(begun, ['1', '2', '3']);
      end();
      for (const lane of lanes) lane.end();
      await Promise.all([other, ...lanes.map(({ done }) => done)]);
    }
  });

  it('let each tenant have one step at a time while others are at work and time is short', async () => {
    const shares = new TenantShares({ isShort: () => true });
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const small = shares.during('small', () => over);
    const { begun, start } = steps(shares);
    const first = start('large 1', 'large');
    const second = start('large 2', 'large');
    const own = start('small 1', 'small');
    assert.deepEqual(begun, ['large 1', 'small 1']);
    // Whoever has waited as long as it may does nothing.
    assert.equal(await start('late', 'large', performance.now()).done, null);
    first.end();
    assert.equal(await first.done, 'large 1');
    second.end();
    assert.equal(await second.done, 'large 2');
    own.end();
    end();
    await Promise.all([own.done, small]);
  });

  it('stop waiting when the others have ended, or when the activity is told to', async () => {
    const shares = new TenantShares({ isShort: () => true });
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const small = shares.during('small', () => over);
    const { begun, start } = steps(shares);
    const first = start('large 1', 'large');
    const second = start('large 2', 'large');
    const stopped = new AbortController();
    const third = shares.step('large', never, stopped.signal, () => Promise.resolve());
    stopped.abort();
    await assert.rejects(third, { name: 'AbortError' });
    assert.deepEqual(begun, ['large 1']);
    end();
    await small;
    second.end();
    // The first has not ended.
    assert.equal(await second.done, 'large 2');
    first.end();
    await first.done;
  });
});
