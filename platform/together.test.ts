import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Together } from './together.ts';

describe('work that is done together', () => {
  const double = (done: number[][]) => (items: readonly number[]) => {
    done.push([...items]);
    return Promise.resolve(items.map((item) => item * 2));
  };

  it('is done once for all who ask in one turn, and gives each its own', async () => {
    const done: number[][] = [];
    const together = new Together(double(done));
    assert.deepEqual(await Promise.all([1, 2, 3].map((item) => together.ask(item))), [2, 4, 6]);
    assert.deepEqual(done, [[1, 2, 3]]);
    assert.equal(await together.ask(4), 8);
    assert.deepEqual(done, [[1, 2, 3], [4]]);
  });

  it('begins anew for those who come while it is under way', async () => {
    const begun: number[][] = [];
    const ends: (() => void)[] = [];
    const together = new Together(async (items: readonly number[]) => {
      begun.push([...items]);
      await new Promise<void>((resolve) => ends.push(resolve));
      return items;
    });
    const first = together.ask(1);
    await new Promise(setImmediate);
    const later = [together.ask(2), together.ask(3)];
    await new Promise(setImmediate);
    assert.deepEqual(begun, [[1]]);
    ends.shift()?.();
    assert.equal(await first, 1);
    await new Promise(setImmediate);
    assert.deepEqual(begun, [[1], [2, 3]]);
    ends.shift()?.();
    assert.deepEqual(await Promise.all(later), [2, 3]);
  });

  it('is done for a hundred at a time', async () => {
    const done: number[][] = [];
    const together = new Together(double(done));
    await Promise.all(Array.from({ length: 250 }, (_, item) => together.ask(item)));
    assert.deepEqual(
      done.map(({ length }) => length),
      [100, 100, 50],
    );
  });

  it('fails for all of them, or for the one that is at fault', async () => {
    const work = (items: readonly number[]) =>
      items.includes(2) ? Promise.reject(new Error('no twos')) : Promise.resolve(items);
    const statuses = async (together: Together<number, number>): Promise<string[]> => {
      const outcomes = await Promise.allSettled([1, 2, 3].map((item) => together.ask(item)));
      return outcomes.map(({ status }) => status);
    };
    assert.deepEqual(await statuses(new Together(work)), ['rejected', 'rejected', 'rejected']);
    const apart = new Together(work, () => true);
    assert.deepEqual(await statuses(apart), ['fulfilled', 'rejected', 'fulfilled']);
    assert.equal(await apart.ask(4), 4);
  });

  it('belongs to what the first of them is asked for', async () => {
    const place = new AsyncLocalStorage<string>();
    const heard: (string | undefined)[] = [];
    const together = new Together((items: readonly number[]) => {
      heard.push(place.getStore());
      return Promise.resolve(items);
    });
    await Promise.all(['a', 'b'].map((name) => place.run(name, () => together.ask(1))));
    await place.run('c', () => together.ask(1));
    assert.deepEqual(heard, ['a', 'c']);
  });
});
