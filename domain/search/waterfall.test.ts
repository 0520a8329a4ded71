import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { PersonFields } from './person.ts';
import type { ProviderAnswer, ProviderKind } from './provider.ts';
import {
  beginning,
  conclude,
  decide,
  hear,
  skip,
  tellsFacts,
  toPrecision,
  type Course,
  type Demand,
  type SkipCause,
  type Stage,
} from './waterfall.ts';

const demand: Demand = { minScore: 0.5, limit: 10, requiredFields: [], budget: null };
const stage = (name: string, kind: ProviderKind = 'http', perCall = 10n, perHit = 5n): Stage => ({
  name,
  kind,
  price: { perCall, perHit },
});
const hit = (score: number, fields: PersonFields, validated = true): ProviderAnswer => ({
  outcome: 'hit',
  validated,
  people: [{ fields, score, matchedOn: [], evidence: [] }],
});
const none = (outcome: 'miss' | 'error' | 'throttled', reason?: string): ProviderAnswer => ({
  outcome,
  validated: false,
  people: [],
  ...(reason === undefined ? {} : { reason }),
});
const heard = (course: Course, name: string, answer: ProviderAnswer, wanted = demand, cost = 0n): Course =>
  hear(course, stage(name), wanted, { answer, cost, milliseconds: 1 });

describe('The waterfall', () => {
  it('ends with the first validated answer that is likely enough and has what is required', () => {
    const wanted = { ...demand, requiredFields: ['phones.mobile', 'emails'] };
    let course = heard(beginning, 'A', none('miss'), wanted);
    course = heard(course, 'B', hit(0.4, { full_name: 'Ada' }), wanted);
    course = heard(course, 'C', hit(0.9, { full_name: 'Ada', emails: ['a@b.org'] }, false), wanted);
    course = heard(course, 'D', hit(0.9, { full_name: 'Eve', phones: ['+44 7400 123456'] }), wanted);
    assert.equal(course.answeredBy, null);
    course = heard(
      course,
      'E',
      hit(0.8, { full_name: 'Ada', phones: ['+44 7400 123456'], emails: ['a@b.org'] }),
      wanted,
    );
    assert.equal(course.answeredBy, 'E');
    assert.deepEqual(
      course.steps.map(({ reason }) => reason),
      [
        'knows nobody',
        'nobody reaches the probability 0.5',
        'the answer is not validated',
        'the answer has no emails',
        'a validated answer',
      ],
    );
    assert.deepEqual(decide(course, stage('F'), wanted, null), {
      ask: false,
      cause: 'answered',
      reason: 'E has given a validated answer',
    });
  });

  it('puts together what several providers know of one person', () => {
    const wanted = { ...demand, requiredFields: ['phones', 'emails'] };
    const first = heard(
      beginning,
      'A',
      hit(0.7, { full_name: 'Ada Lovelace', date_of_birth: '1815-12-10', phones: ['+44 20 7946 0958'] }),
      wanted,
    );
    const both = heard(
      first,
      'B',
      hit(0.6, { full_name: 'Ada Lovelace', date_of_birth: '10/12/1815', emails: ['ada@b.org'] }),
      wanted,
    );
    assert.deepEqual([first.answeredBy, both.answeredBy, both.people.length], [null, 'B', 1]);
  });

  it('asks providers of facts whatever has been found, and does not end with them', () => {
    const answered = heard(beginning, 'A', hit(0.9, { full_name: 'Ada' }));
    assert.deepEqual(decide(answered, stage('phone', 'phone'), demand, null), { ask: true });
    const facts: ProviderAnswer = { outcome: 'hit', validated: true, people: [], facts: { type: 'MOBILE' } };
    const course = hear(beginning, stage('phone', 'phone'), demand, {
      answer: facts,
      cost: 0n,
      milliseconds: 0,
    });
    assert.deepEqual([course.answeredBy, course.facts], [null, { phone: { type: 'MOBILE' } }]);
    assert.equal(conclude(course, demand).status, 'not_found');
  });

  it('passes over what declines or could exceed the budget, and says so', () => {
    const wanted = { ...demand, budget: 20n };
    assert.deepEqual(decide(beginning, stage('A'), wanted, 'needs a phone number'), {
      ask: false,
      cause: 'unsuitable',
      reason: 'needs a phone number',
    });
    const spent = heard(beginning, 'A', none('miss'), wanted, 10n);
    const decision = decide(spent, stage('B'), wanted, null);
    assert.equal(!decision.ask && decision.cause, 'budget');
    assert.deepEqual(decide(spent, stage('C', 'http', 10n, 0n), wanted, null), { ask: true });
  });

  const outcomes: [string, (course: Course) => Course, string][] = [
    ['everybody knows nobody', (course) => heard(course, 'A', none('miss')), 'not_found'],
    ['somebody fails', (course) => heard(course, 'A', none('error')), 'failed'],
    [
      'somebody is throttled',
      (course) => skip(course, stage('A'), 'unavailable', 'later', 'throttled'),
      'failed',
    ],
    ['somebody is too dear', (course) => skip(course, stage('A'), 'budget', 'too dear'), 'over_budget'],
    ['somebody does not suit', (course) => skip(course, stage('A'), 'unsuitable', 'no'), 'not_found'],
    ['somebody unlikely is found', (course) => heard(course, 'A', hit(0.1, {})), 'not_found'],
    ['somebody is found without validation', (course) => heard(course, 'A', hit(0.6, {}, false)), 'found'],
  ];
  for (const [name, run, status] of outcomes) {
    it(`concludes ${status} when ${name}`, () => {
      assert.equal(conclude(run(beginning), demand).status, status);
    });
  }

  it('finds somebody although others failed or were too dear', () => {
    let course = heard(beginning, 'A', none('error'));
    course = skip(course, stage('B'), 'budget', 'too dear');
    course = heard(course, 'C', hit(0.9, { full_name: 'Ada' }));
    assert.equal(conclude(course, demand).status, 'found');
  });

  it('keeps its promises on every way down', () => {
    const answer = fc.oneof(
      fc.constantFrom(none('miss'), none('error'), none('throttled', 'status 429')),
      fc
        .record({
          score: fc.double({ min: 0, max: 1, noNaN: true }),
          phone: fc.boolean(),
          validated: fc.boolean(),
        })
        .map(({ score, phone, validated }) =>
          hit(score, phone ? { phones: ['+447400123456'] } : {}, validated),
        ),
    );
    const provider = fc.record({
      kind: fc.constantFrom<ProviderKind>('records', 'http', 'phone'),
      perCall: fc.bigInt(0n, 20n),
      perHit: fc.bigInt(0n, 20n),
      answer,
      declines: fc.boolean(),
      barred: fc.constantFrom<SkipCause | null>(null, null, 'unavailable', 'budget'),
    });
    const wanted = fc.record({
      minScore: fc.double({ min: 0, max: 1, noNaN: true }),
      limit: fc.integer({ min: 1, max: 3 }),
      requiredFields: fc.constantFrom<string[][]>([], ['phones']),
      budget: fc.option(fc.bigInt(0n, 60n)),
    }) as fc.Arbitrary<Demand>;
    fc.assert(
      fc.property(fc.array(provider, { maxLength: 6 }), wanted, (providers, target) => {
        let course = beginning;
        for (const [
          index,
          { kind, perCall, perHit, answer: said, declines, barred },
        ] of providers.entries()) {
          const one = stage(`p${index}`, kind, perCall, perHit);
          const decision = decide(course, one, target, declines ? 'cannot' : null);
          const satisfied = course.answeredBy;
          if (!decision.ask) course = skip(course, one, decision.cause, decision.reason);
          else if (barred) course = skip(course, one, barred, 'barred');
          else {
            assert.ok(satisfied === null || tellsFacts(kind), 'asked after the answer was there');
            const cost = said.outcome === 'hit' ? perCall + perHit : said.outcome === 'miss' ? perCall : 0n;
            course = hear(course, one, target, { answer: said, cost, milliseconds: 1 });
          }
          if (satisfied !== null) assert.equal(course.answeredBy, satisfied);
        }
        const { status, people } = conclude(course, target);
        assert.equal(course.steps.length, providers.length);
        assert.ok(target.budget === null || course.spent <= target.budget);
        assert.equal(
          course.spent,
          course.steps.reduce((sum, { costMicros }) => sum + BigInt(costMicros), 0n),
        );
        assert.equal(status === 'found', people.length > 0);
        assert.ok(people.length <= target.limit);
        assert.ok(people.every(({ probability }) => probability >= target.minScore));
        assert.ok(course.steps.every(({ reason }) => reason !== ''));
        if (course.answeredBy !== null) assert.equal(status, 'found');
      }),
    );
  });

  it('tells times with three digits', () => {
    assert.deepEqual([0, 0.012345, 12.3456, 1234.5].map(toPrecision), [0, 0.0123, 12.3, 1230]);
  });
});
