import type { Readable, Reading } from './reading.ts';
import { readEasyPost } from './read-easypost.ts';
import { readGeneric } from './read-generic.ts';
import { readShopify } from './read-shopify.ts';
import { readStripe } from './read-stripe.ts';
import type { SourceRules } from './source.ts';

/** Reads an event of a source; null for a topic that nobody here listens to. */
export type ReadEvent = (source: SourceRules, given: Readable) => Reading | null;

export const readEvent: ReadEvent = (source, given) => {
  switch (source.kind) {
    case 'shopify':
      return readShopify(given);
    case 'stripe':
      return readStripe(given);
    case 'easypost':
      return readEasyPost(given);
    case 'generic':
      return readGeneric(source.reading, given);
  }
};
