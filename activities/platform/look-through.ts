import type { SpeakingPage, SpeakingRow } from '../../db/speaking-texts.ts';
import { textsIn } from '../../domain/search/data-subject.ts';

/**
 * Has all rows worked on that are of a person, page by page. The database looks first; the rule itself decides.
 *
 * @param isTheirs the rule: whether a row is with these texts
 */
export async function lookThrough<Row extends SpeakingRow>(
  isTheirs: (texts: readonly string[]) => boolean,
  signal: AbortSignal,
  read: (after: string | null) => Promise<SpeakingPage<Row>>,
  work: (rows: Row[]) => Promise<void>,
): Promise<void> {
  for (let after: string | null = null; ;) {
    signal.throwIfAborted();
    const page: SpeakingPage<Row> = await read(after);
    if (page.reached === null) return;
    after = page.reached;
    const spoken = page.found.filter(({ texts }) => isTheirs(textsIn(texts)));
    if (spoken.length > 0) await work(spoken);
  }
}
