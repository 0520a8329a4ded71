import assert from 'node:assert/strict';
import type { StoredProvider } from '../../db/search/provider.repository.ts';
import type { SearchParts } from './parts.ts';
import { ReadyProviders } from './ready-provider.ts';

describe('The providers of a process', () => {
  const stored = (id: string): StoredProvider =>
    ({
      id,
      name: id,
      kind: 'phone',
      version: 1,
      price: { perCall: 0n, perHit: 0n },
      limits: { ratePerSecond: null, concurrency: null },
    }) as unknown as StoredProvider;

  it('keep what they know of one that is asked all the time, however many others there are', () => {
    const providers = new ReadyProviders({} as SearchParts);
    const busy = providers.of('tenant', stored('busy'));
    for (let other = 0; other < 2_500; other += 1) {
      providers.of('tenant', stored(String(other)));
      assert.equal(providers.of('tenant', stored('busy')).source, busy.source);
    }
  });
});
