import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { price, type Stage } from './stage.ts';

interface Lane {
  /** Sends the next request of this lane. */
  send(number: number): Promise<void>;
}

/** Requests that come in while a fault lasts, one after the other on each of a few lanes, and what came of them. */
export class Traffic {
  readonly #stage: Stage;
  readonly #stop = new AbortController();
  /** Names of record sets that were asked for, and of those whose making was acknowledged. */
  readonly #wanted = new Set<string>();
  readonly #made = new Map<string, string>();
  /** Searches that were answered, with what they must cost. */
  readonly #searches = new Map<string, bigint>();
  readonly #running: Promise<unknown>;

  constructor(stage: Stage) {
    this.#stage = stage;
    const makeSet: Lane = { send: (number) => this.#makeSet(number) };
    const search: Lane = { send: (number) => this.#search(number) };
    this.#running = Promise.all([makeSet, makeSet, search].map((lane, at) => this.#drive(lane, at)));
  }

  /** Sends nothing more. What has not been answered by now stays unanswered. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Every acknowledged request has taken effect once, and no other more than once. */
  async check(): Promise<{ acknowledged: number }> {
    const { database, tenantId } = this.#stage;
    const sets = await database.read('search', ({ sql }) =>
      sql<{ id: string; name: string }>(
        `select id, name from search.record_sets where tenant_id = $1 and name like 'Traffic %'`,
        [tenantId],
      ),
    );
    const byName = new Map(sets.map(({ id, name }) => [name, id]));
    assert.equal(byName.size, sets.length, 'a record set was made twice');
    for (const [name, id] of this.#made) assert.equal(byName.get(name), id, `${name} was acknowledged`);
    for (const { name } of sets) assert.ok(this.#wanted.has(name), `${name} was never asked for`);

    const paid = await database.read('search', ({ sql }) =>
      sql<{ id: string; logged: number; charges: number; amount: string }>(
        `select wanted.id, (select count(*)::int from search.searches s
            where s.id = wanted.id and s.status in ('found', 'not_found')) as logged,
           count(c.effect_key)::int as charges, coalesce(sum(c.amount_micros), 0)::text as amount
         from unnest($2::uuid[]) as wanted (id)
           left join search.charges c on c.tenant_id = $1 and c.effect_key like 'search:' || wanted.id || ':%'
         group by wanted.id`,
        [tenantId, [...this.#searches.keys()]],
      ),
    );
    assert.equal(paid.length, this.#searches.size, 'two searches have one id');
    for (const { id, ...books } of paid) {
      const owed = { logged: 1, charges: 1, amount: String(this.#searches.get(id)) };
      assert.deepEqual(books, owed, `the search ${id} was answered`);
    }
    return { acknowledged: this.#made.size + this.#searches.size };
  }

  async #drive(lane: Lane, at: number): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (let number = at; !signal.aborted; number += 10) {
        await lane.send(number);
        // A person's pace; the system is to be busy with its processes.
        await pause(100, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #makeSet(number: number): Promise<void> {
    const name = `Traffic ${number}`;
    this.#wanted.add(name);
    const { signal } = this.#stop;
    const answer = await this.#stage.caller.command('/v1/record-sets', () => ({ name }), { signal });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    this.#made.set(name, answer.body.id);
  }

  async #search(number: number): Promise<void> {
    const phone = `+1415${5_590_000 + number}`;
    const { signal } = this.#stop;
    const answer = await this.#stage.caller.command('/v1/search/phone', () => ({ phone }), { signal });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const { search_id: id, status } = answer.body;
    this.#searches.set(id, status === 'found' ? price.perCall + price.perHit : price.perCall);
  }
}
