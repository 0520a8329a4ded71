import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { normalisePhone } from '../../domain/search/phone.ts';
import { phoneFacts } from './phone.ts';
import { prefixTable } from './prefix-table.ts';

const factsOf = (raw: string, region?: string) => phoneFacts(normalisePhone(raw, region));

describe('Phone intelligence', () => {
  it('tells type, region, place and time zone, and hides the carrier where numbers are portable', async () => {
    assert.deepEqual(await factsOf('+1 (415) 555-2671'), {
      about: 'the number itself, not its holder',
      e164: '+14155552671',
      valid: true,
      type: 'FIXED_LINE_OR_MOBILE',
      region: 'US',
      calling_code: '1',
      location: 'San Francisco, CA',
      time_zones: ['America/Los_Angeles'],
      original_carrier: null,
    });
    assert.equal((await factsOf('07400 123456', 'GB')).original_carrier, null);
  });

  it('names the original carrier where numbers are not portable', async () => {
    const china = await factsOf('+86 199 1234 5678');
    assert.equal(china.original_carrier, 'China Telecom');
  });

  it('gives no place to numbers that have none', async () => {
    const mobile = await factsOf('07400 123456', 'GB');
    assert.deepEqual([mobile.location, mobile.time_zones.includes('Europe/London')], [null, true]);
    const satellite = await factsOf('+800 1234 5678');
    assert.deepEqual([satellite.location, satellite.region, satellite.original_carrier], [null, null, null]);
  });

  it('tells places with leading zeros and mobile tokens apart', async () => {
    assert.equal((await factsOf('+39 06 1234567')).location, 'Rome');
    assert.equal((await factsOf('+54 9 11 2345 6789')).location, 'Buenos Aires');
    assert.deepEqual((await factsOf('+49 30 1234567')).time_zones, ['Europe/Berlin']);
  });

  it('reads a file of the data once: parsing it for each number would take longer than all the rest', async () => {
    await factsOf('+1 212 555 2671');
    for (const file of ['geocodes/en/1.bson', 'timezones.bson']) {
      const table = await prefixTable(file);
      await factsOf('+1 212 555 2672');
      assert.equal(await prefixTable(file), table);
    }
  });

  it('gives the type that libphonenumber gives to its examples of every type and region, for 99.6 % or more', async () => {
    const file = join(import.meta.dirname, '../../test/data/phone-number-examples.json');
    const { examples } = JSON.parse(await readFile(file, 'utf8')) as { examples: [string, string][] };
    const wrong = examples.filter(([e164, type]) => normalisePhone(e164).type !== type);
    assert.ok(examples.length >= 1_074);
    assert.ok(1 - wrong.length / examples.length >= 0.996, `${wrong.length} wrong of ${examples.length}`);
  });
});
