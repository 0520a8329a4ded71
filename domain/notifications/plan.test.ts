import assert from 'node:assert/strict';
import {
  cadences,
  cadencesOf,
  categories,
  categoryRules,
  channels,
  type Cadence,
  type Category,
  type Channel,
} from './categories.ts';
import { kinds } from './notice.ts';
import { admit, planNotice, type Wishes } from './plan.ts';
import { noOrganisationSettings, organisationSettings, personalSettings, wishesOf } from './preferences.ts';
import { quietUntil } from './quiet-hours.ts';
import { momentsOf, localDay, nextHour, nextTimeOfDay } from './local-time.ts';
import { suppressing } from './suppression.ts';
import { suppressionReasons } from './notice.ts';

const at = (text: string): Date => new Date(text);
const warsaw = 'Europe/Warsaw';

describe('How notices are planned', () => {
  const wish = (cadence: Cadence, quiet: boolean): Wishes => ({
    cadence: Object.fromEntries(
      categories.map((category) => [
        category,
        Object.fromEntries(channels.map((channel) => [channel, cadence])),
      ]),
    ) as Wishes['cadence'],
    timeZone: 'UTC',
    quietHours: quiet ? { from: '22:00', to: '07:00' } : null,
    digestTime: '08:00',
  });
  /** 23:30, in the quiet hours where there are any. */
  const now = at('2027-01-10T23:30:00Z');

  it('follows every preference, on every channel, by day and by night, but for what is critical', () => {
    for (const category of categories)
      for (const channel of channels)
        for (const cadence of cadencesOf[channel])
          for (const quiet of [true, false])
            for (const critical of [true, false]) {
              const label = [category, channel, cadence, quiet, critical].join(' ');
              const [way, ...others] = planNotice(
                { category, critical, channels: [channel] },
                wish(cadence, quiet),
                now,
              );
              assert.deepEqual(others, [], label);
              assert.deepEqual(way, expected({ channel, cadence, quiet, critical }), label);
            }
  });

  /** The matrix in other words. */
  function expected(given: { channel: Channel; cadence: Cadence; quiet: boolean; critical: boolean }) {
    const { channel, cadence, quiet, critical } = given;
    const singly = { channel, gathered: null };
    if (channel === 'webhook') return cadence === 'never' ? undefined : singly;
    if (critical) return singly;
    if (cadence === 'never') return undefined;
    if (channel === 'in_app') return singly;
    const morning = at('2027-01-11T07:00:00Z');
    switch (cadence) {
      case 'instant':
        return quiet ? { channel, gathered: { into: 'held', until: morning } } : singly;
      case 'hourly':
        return {
          channel,
          gathered: { into: 'digest', until: quiet ? morning : at('2027-01-11T00:00:00Z') },
        };
      case 'daily':
        return { channel, gathered: { into: 'digest', until: at('2027-01-11T08:00:00Z') } };
    }
  }

  it('uses only channels that can carry the notice', () => {
    for (const { category, channels: able } of Object.values(kinds)) {
      const ways = planNotice({ category, critical: true, channels: able }, wish('instant', false), now);
      assert.deepEqual(
        ways.map(({ channel }) => channel),
        channels.filter((channel) => (able as readonly Channel[]).includes(channel)),
      );
    }
  });

  it('looks once more when a mail is due: never, later, or now', () => {
    for (const category of categories)
      for (const cadence of cadences)
        for (const quiet of [true, false])
          for (const critical of [true, false]) {
            const admission = admit({ category, critical }, wish(cadence, quiet), now);
            const label = [category, cadence, quiet, critical].join(' ');
            if (critical || categoryRules[category].critical)
              assert.deepEqual(admission, { send: true }, label);
            else if (cadence === 'never') assert.deepEqual(admission, { send: false, skip: true }, label);
            else if (quiet)
              assert.deepEqual(admission, { send: false, until: at('2027-01-11T07:00:00Z') }, label);
            else assert.deepEqual(admission, { send: true }, label);
          }
  });
});

describe('Whose word counts', () => {
  it('is the person’s, then the organisation’s, then what holds everywhere', () => {
    const none = wishesOf(null, noOrganisationSettings, null);
    for (const category of categories)
      assert.deepEqual(none.cadence[category], categoryRules[category].cadence);
    assert.deepEqual([none.timeZone, none.quietHours, none.digestTime], ['UTC', null, '08:00']);

    const organisation = organisationSettings.parse({
      categories: { batches: { email: 'daily', webhook: 'instant' }, orders: { email: 'never' } },
      time_zone: 'Europe/Berlin',
      quiet_hours: { from: '20:00', to: '06:00' },
      digest_time: '09:30',
    });
    const customer = wishesOf(null, organisation, null);
    assert.equal(customer.cadence.orders.email, 'never');
    assert.deepEqual(
      [customer.timeZone, customer.quietHours, customer.digestTime],
      ['Europe/Berlin', { from: '20:00', to: '06:00' }, '09:30'],
    );

    const person = personalSettings.parse({
      categories: { batches: { email: 'hourly' }, webhook_health: { in_app: 'never' } },
      quiet_hours: 'none',
    });
    const both = wishesOf(person, organisation, 'Asia/Tokyo');
    assert.deepEqual(both.cadence.batches, { email: 'hourly', in_app: 'instant', webhook: 'instant' });
    assert.equal(both.cadence.webhook_health.in_app, 'never');
    assert.deepEqual([both.timeZone, both.quietHours, both.digestTime], ['Asia/Tokyo', null, '09:30']);
  });

  it('is refused for what nobody may turn off, for ways that cannot gather, and for hours that are none', () => {
    for (const settings of [
      { categories: { security: { email: 'never' } } },
      { categories: { account: { email: 'never' } } },
      { categories: { batches: { in_app: 'daily' } } },
      { categories: { batches: { webhook: 'instant' } } },
      { quiet_hours: { from: '07:00', to: '07:00' } },
      { quiet_hours: { from: '7:00', to: '24:00' } },
      { digest_time: '08:00:00' },
    ])
      assert.equal(personalSettings.safeParse(settings).success, false, JSON.stringify(settings));
    assert.equal(organisationSettings.safeParse({ time_zone: 'Europe/Atlantis' }).success, false);
  });
});

describe('Quiet hours', () => {
  const night = { from: '22:00', to: '07:00' };
  const ends = (zone: string, moment: string, hours = night): string | null =>
    quietUntil(hours, zone, at(moment))?.toISOString() ?? null;

  it('last from their beginning to before their end, over midnight or not', () => {
    assert.equal(ends('UTC', '2027-01-10T21:59:59.999Z'), null);
    assert.equal(ends('UTC', '2027-01-10T22:00:00Z'), '2027-01-11T07:00:00.000Z');
    assert.equal(ends('UTC', '2027-01-11T06:59:59.999Z'), '2027-01-11T07:00:00.000Z');
    assert.equal(ends('UTC', '2027-01-11T07:00:00Z'), null);
    const noon = { from: '12:00', to: '13:30' };
    assert.equal(ends('Asia/Kathmandu', '2027-01-10T06:15:00Z', noon), '2027-01-10T07:45:00.000Z');
    assert.equal(ends('Asia/Kathmandu', '2027-01-10T06:14:59Z', noon), null);
  });

  it('end by the clocks of the zone on the nights that are shorter and longer', () => {
    assert.equal(ends(warsaw, '2027-03-27T23:00:00Z'), '2027-03-28T05:00:00.000Z', 'an hour is skipped');
    assert.equal(ends(warsaw, '2027-10-30T21:00:00Z'), '2027-10-31T06:00:00.000Z', 'an hour comes twice');
    assert.equal(ends('Australia/Lord_Howe', '2027-04-03T13:00:00Z'), '2027-04-03T20:30:00.000Z');
  });

  it('that end in the hour that comes twice end when it is over for good; in the one that is skipped, after it', () => {
    const short = { from: '22:00', to: '02:30' };
    assert.equal(ends(warsaw, '2027-10-31T00:45:00Z', short), '2027-10-31T01:30:00.000Z');
    assert.equal(ends(warsaw, '2027-10-31T01:15:00Z', short), '2027-10-31T01:30:00.000Z');
    assert.equal(ends(warsaw, '2027-03-28T00:30:00Z', short), '2027-03-28T01:30:00.000Z');
    assert.equal(ends(warsaw, '2027-03-28T01:30:00Z', short), null);
  });

  it('are never left before their end, and never end in the past, whatever the zone and the moment', () => {
    for (const zone of [warsaw, 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'UTC'])
      for (let hour = 0; hour < 24 * 370; hour += 7) {
        const moment = new Date(Date.UTC(2027, 0, 1, hour, 20));
        const end = quietUntil(night, zone, moment);
        if (!end) continue;
        assert.ok(end > moment && end.getTime() - moment.getTime() <= 10 * 3_600_000, `${zone} ${hour}`);
        assert.equal(quietUntil(night, zone, end), null, `${zone} ${hour}`);
        assert.deepEqual(quietUntil(night, zone, new Date(end.getTime() - 1)), end, `${zone} ${hour}`);
      }
  });
});

describe('Digests', () => {
  it('come once a day, on the days with 23 and with 25 hours too', () => {
    for (const [day, first] of [
      ['2027-03-28', '2027-03-28T01:30:00.000Z'],
      ['2027-10-31', '2027-10-31T00:30:00.000Z'],
    ] as const) {
      const moments = new Set<string>();
      for (let minutes = 0; minutes < 24 * 60; minutes += 10)
        moments.add(
          nextTimeOfDay(
            warsaw,
            new Date(Date.parse(`${day}T00:00:00Z`) + minutes * 60_000),
            150,
          ).toISOString(),
        );
      assert.deepEqual(
        [...moments].filter((moment) => moment.startsWith(day)),
        [first],
      );
    }
  });

  it('come at the full hour of the clock on the wall', () => {
    assert.equal(
      nextHour('Asia/Kathmandu', at('2027-01-10T10:00:00Z')).toISOString(),
      '2027-01-10T10:15:00.000Z',
    );
    assert.equal(nextHour('UTC', at('2027-01-10T10:00:00Z')).toISOString(), '2027-01-10T11:00:00.000Z');
  });

  it('know when clocks show a time: once, twice, or moved on', () => {
    const moments = (day: string, minutes: number) =>
      momentsOf(warsaw, localDay(warsaw, at(`${day}T12:00:00Z`)), minutes).map((one) => one.toISOString());
    assert.deepEqual(moments('2027-06-01', 150), ['2027-06-01T00:30:00.000Z']);
    assert.deepEqual(moments('2027-10-31', 150), ['2027-10-31T00:30:00.000Z', '2027-10-31T01:30:00.000Z']);
    assert.deepEqual(moments('2027-03-28', 150), ['2027-03-28T01:30:00.000Z']);
  });
});

describe('The suppression list', () => {
  const holds = (category: Category, { reported = false, critical = false } = {}): string[] =>
    suppressionReasons.filter((reason) =>
      suppressing([{ reason, category: null, reported }], { category, critical }),
    );
  const ordinary = ['batches', 'webhook_health', 'orders'] as const;

  it('holds back by category and reason: never what was just asked for, security only where a server refuses mails', () => {
    assert.deepEqual(holds('account'), []);
    assert.deepEqual(holds('security'), ['bounce']);
    for (const category of ordinary) {
      assert.deepEqual(holds(category), [...suppressionReasons]);
      for (const other of categories)
        assert.equal(
          suppressing([{ reason: 'unsubscribe', category: other, reported: false }], {
            category,
            critical: false,
          }) !== null,
          other === category,
        );
    }
  });

  it('lets nobody silence security by a message that they have made up', () => {
    assert.deepEqual(holds('security', { reported: true }), []);
    for (const category of ordinary)
      assert.deepEqual(holds(category, { reported: true }), [...suppressionReasons]);
  });

  it('lets what is critical go to whoever has unsubscribed, and to nobody else on it', () => {
    for (const category of ordinary)
      assert.deepEqual(holds(category, { critical: true }), ['bounce', 'complaint', 'manual']);
    assert.deepEqual(holds('security', { critical: true }), ['bounce']);
    assert.deepEqual(holds('account', { critical: true }), []);
  });
});
