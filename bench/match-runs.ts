import { RecordMatcher, type RecordMatch } from '../db/search/record.matcher.ts';
import type { PersonFields } from '../domain/search/person.ts';
import { importPeople, type BenchDatabase } from './match-database.ts';
import type { Labelled } from './match-datasets.ts';
import { bestQuality, calibrationError, qualityAt, quantile, type Judged } from './match-metrics.ts';

export type Report = Record<string, number>;
/** Called for each mistake. */
export type OnWrong = (query: Labelled, truth: readonly Labelled[], matches: readonly RecordMatch[]) => void;

export interface RunOptions {
  /** From this probability on, a match counts as found. */
  threshold: number;
  onWrong: OnWrong;
  /** Called with all that was stated, for a calibration over all sets. */
  onJudged: (judged: readonly Judged[]) => void;
}

const chunk = 500;

/** Matches in chunks, and tells the rows a second. */
export async function matchAll(
  matcher: RecordMatcher,
  tenantId: string,
  queries: readonly PersonFields[],
  limit: number,
): Promise<{ matches: RecordMatch[][]; rate: number }> {
  const matches: RecordMatch[][] = [];
  const start = performance.now();
  for (let from = 0; from < queries.length; from += chunk) {
    matches.push(...(await matcher.match(tenantId, queries.slice(from, from + chunk), { limit })));
  }
  return { matches, rate: queries.length / ((performance.now() - start) / 1000) };
}

/** Times of single searches in ms. */
export async function latencies(
  matcher: RecordMatcher,
  tenantId: string,
  queries: readonly PersonFields[],
): Promise<Report> {
  const times: number[] = [];
  for (const query of queries) {
    const start = performance.now();
    await matcher.match(tenantId, [query], { limit: 10 });
    times.push(performance.now() - start);
  }
  return { 'p50 ms': quantile(times, 0.5), 'p95 ms': quantile(times, 0.95) };
}

/** Links queries to records: the best match of each query counts. */
export async function runLink(
  db: BenchDatabase,
  records: readonly Labelled[],
  queries: readonly Labelled[],
  { threshold, onWrong, onJudged }: RunOptions,
): Promise<Report> {
  const { tenantId } = await importPeople(
    db,
    records.map(({ fields }) => fields),
  );
  const matcher = new RecordMatcher(db.sql);
  const asked = queries.map(({ fields }) => fields);
  const { matches, rate } = await matchAll(matcher, tenantId, asked, 10);
  const known = new Map<string, Labelled[]>();
  for (const record of records) known.set(record.entity, [...(known.get(record.entity) ?? []), record]);
  const entityOf = (match: RecordMatch | undefined): string | undefined =>
    match && records[Number(match.externalId)]?.entity;
  const judged: Judged[] = [];
  let hits = 0;
  let found = 0;
  let wanted = 0;
  queries.forEach((query, index) => {
    const own = matches[index] ?? [];
    const right = entityOf(own[0]) === query.entity;
    if (own[0]) judged.push({ probability: own[0].probability, right });
    const truth = known.get(query.entity) ?? [];
    if (truth.length === 0) return;
    wanted += 1;
    if (right) hits += 1;
    if (own.some((match) => entityOf(match) === query.entity)) found += 1;
    if (!right || (own[0]?.probability ?? 0) < threshold) onWrong(query, truth, own);
  });
  onJudged(judged);
  return {
    ...qualityAt(threshold, judged, wanted),
    'best F1': bestQuality(judged, wanted).f1,
    'hit@1': hits / wanted,
    'recall@10': found / wanted,
    ECE: calibrationError(judged),
    ...(await latencies(matcher, tenantId, asked.slice(0, 300))),
    'rows/s': rate,
  };
}

/** How often somebody who isn't there is "found": each fifth of the queries against records without their people. */
export async function runAbsent(
  db: BenchDatabase,
  records: readonly Labelled[],
  queries: readonly Labelled[],
  { threshold, onWrong, onJudged }: RunOptions,
): Promise<Report> {
  const folds = 5;
  const judged: Judged[] = [];
  let wrong = 0;
  for (let fold = 0; fold < folds; fold += 1) {
    const absent = queries.filter((_, index) => index % folds === fold);
    const gone = new Set(absent.map(({ entity }) => entity));
    const left = records.filter(({ entity }) => !gone.has(entity));
    const { tenantId } = await importPeople(
      db,
      left.map(({ fields }) => fields),
    );
    const asked = absent.map(({ fields }) => fields);
    const { matches } = await matchAll(new RecordMatcher(db.sql), tenantId, asked, 1);
    matches.forEach((own, index) => {
      const query = absent[index];
      if (own[0]) judged.push({ probability: own[0].probability, right: false });
      if (!query || (own[0]?.probability ?? 0) < threshold) return;
      wrong += 1;
      onWrong(query, [], own);
    });
  }
  onJudged(judged);
  return { 'false matches': wrong / queries.length };
}

/** Finds all pairs of records of one person in one set: each record is asked for, itself left out. */
export async function runPairs(
  db: BenchDatabase,
  records: readonly Labelled[],
  { threshold, onWrong, onJudged }: RunOptions,
): Promise<Report> {
  const { tenantId } = await importPeople(
    db,
    records.map(({ fields }) => fields),
  );
  const matcher = new RecordMatcher(db.sql);
  const asked = records.map(({ fields }) => fields);
  const { matches, rate } = await matchAll(matcher, tenantId, asked, 40);
  const sizes = new Map<string, number[]>();
  records.forEach(({ entity }, place) => sizes.set(entity, [...(sizes.get(entity) ?? []), place]));
  const pairs = new Map<string, Judged & { match: RecordMatch }>();
  let hits = 0;
  let recalled = 0;
  let wanted = 0;
  records.forEach((record, place) => {
    const own = (matches[place] ?? []).filter(({ externalId }) => externalId !== String(place));
    const isRight = (match: RecordMatch | undefined): boolean =>
      match !== undefined && records[Number(match.externalId)]?.entity === record.entity;
    for (const match of own) {
      const other = Number(match.externalId);
      const name = place < other ? `${place}|${other}` : `${other}|${place}`;
      const before = pairs.get(name);
      if (!before || before.probability < match.probability) {
        pairs.set(name, { probability: match.probability, right: isRight(match), match });
      }
    }
    const others = (sizes.get(record.entity)?.length ?? 1) - 1;
    if (others === 0) return;
    wanted += 1;
    if (isRight(own[0])) hits += 1;
    recalled += own.slice(0, 10).filter(isRight).length / Math.min(10, others);
  });
  let truths = 0;
  const judgePair = (left: number, right: number): void => {
    const pair = pairs.get(`${left}|${right}`);
    const [one, other] = [records[left], records[right]];
    if (!one || !other || (pair?.probability ?? 0) >= threshold === (one.entity === other.entity)) return;
    onWrong(one, [other], pair ? [pair.match] : []);
  };
  for (const places of sizes.values()) {
    truths += (places.length * (places.length - 1)) / 2;
    places.forEach((left, index) => places.slice(index + 1).forEach((right) => judgePair(left, right)));
  }
  for (const [name, pair] of pairs) {
    const [left, right] = name.split('|').map(Number);
    if (!pair.right && left !== undefined && right !== undefined) judgePair(left, right);
  }
  const judged = [...pairs.values()];
  onJudged(judged);
  const best = bestQuality(judged, truths);
  return {
    ...qualityAt(threshold, judged, truths),
    'best F1': best.f1,
    'best at': best.threshold,
    blocked: judged.filter(({ right }) => right).length / truths,
    'hit@1': hits / wanted,
    'recall@10': recalled / wanted,
    ECE: calibrationError(judged),
    ...(await latencies(matcher, tenantId, asked.slice(0, 300))),
    'rows/s': rate,
  };
}
