import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { isAllowed, licenceProblems, productionPackages } from '../../scripts/audit/licences.ts';

describe('the licences of what runs in production', () => {
  it('are all on the list, or excepted for a reason that still holds', () => {
    const packages = productionPackages(fileURLToPath(new URL('../..', import.meta.url)));
    assert.ok(packages.length > 100);
    assert.deepEqual(licenceProblems(packages), []);
  });

  it('are read as alternatives and as parts', () => {
    for (const good of ['MIT', '(MIT OR GPL-3.0)', 'Apache-2.0 AND MIT', 'GPL-2.0 OR ISC']) {
      assert.equal(isAllowed(good), true, good);
    }
    for (const bad of [
      'GPL-3.0',
      'MIT AND GPL-3.0',
      'SEE LICENSE IN x',
      '',
      '(MIT AND (GPL-2.0 OR SSPL-1.0))',
      'UNLICENSED',
    ]) {
      assert.equal(isAllowed(bad), false, bad);
    }
    const one = { name: 'left-pad', version: '1.0.0' };
    assert.equal(licenceProblems([{ ...one, licence: 'SSPL-1.0' }])[0], 'left-pad@1.0.0: SSPL-1.0');
    assert.equal(licenceProblems([{ ...one, licence: null }])[0], 'left-pad@1.0.0: states no licence');
  });
});
