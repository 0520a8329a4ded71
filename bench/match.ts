import { parseArgs } from 'node:util';
import { defaultMatchProbability } from '../domain/search/matching/probability.ts';
import { openBenchDatabase, type BenchDatabase } from './match-database.ts';
import { febrl, hasFile, organisations } from './match-datasets.ts';
import { runNicknames } from './match-nicknames.ts';
import { customerRecords, registerRecords } from './match-people.ts';
import { runMillion } from './match-million.ts';
import { fitCalibration, type Judged } from './match-metrics.ts';
import { runAbsent, runLink, runPairs, type OnWrong, type Report, type RunOptions } from './match-runs.ts';

const { values: options } = parseArgs({
  options: {
    set: { type: 'string', multiple: true },
    url: { type: 'string' },
    threshold: { type: 'string', default: String(defaultMatchProbability) },
    million: { type: 'boolean', default: false },
    people: { type: 'string', default: '1000000' },
    wrong: { type: 'boolean', default: false },
  },
});

const onWrong: OnWrong = (query, truth, matches) => {
  if (!options.wrong) return;
  console.log('asked', JSON.stringify(query));
  for (const one of truth) console.log('  truth', JSON.stringify(one));
  for (const { fields, probability, score, evidence } of matches.slice(0, 2)) {
    const reasons = evidence.map((one) => `${one.field}:${one.level}:${one.weight.toFixed(1)}`);
    console.log('  got', probability.toFixed(3), score.toFixed(1), JSON.stringify(fields), reasons.join(' '));
  }
};

const stated: Judged[][] = [];
const run: RunOptions = {
  threshold: Number(options.threshold),
  onWrong,
  onJudged: (judged) => stated.push([...judged]),
};

const sets: Record<string, (db: BenchDatabase) => Promise<Report>> = {
  febrl4: (db) => runLink(db, febrl('febrl/dataset4a.csv'), febrl('febrl/dataset4b.csv'), run),
  'febrl4-absent': (db) => runAbsent(db, febrl('febrl/dataset4a.csv'), febrl('febrl/dataset4b.csv'), run),
  febrl3: (db) => runPairs(db, febrl('febrl/dataset3.csv'), run),
  nicknames: (db) => runNicknames(db),
  registers: (db) => runPairs(db, registerRecords(1, 1_500), run),
  customers: (db) => runPairs(db, customerRecords(1, 300), run),
};
for (const name of ['1', '2']) {
  const file = `febrl/dataset${name}.csv`;
  if (hasFile(file)) sets[`febrl${name}`] = (db) => runPairs(db, febrl(file), run);
}
const organisationFile = 'dedupe_examples/csv_example_input_with_true_ids.csv';
if (hasFile(organisationFile)) {
  sets['organisations'] = (db) => runPairs(db, organisations(organisationFile), run);
}

const db = await openBenchDatabase(options.url);
try {
  if (options.million) sets['million'] = (open) => runMillion(open, Number(options.people), console.log);
  const chosen = options.set ?? (options.million ? ['million'] : Object.keys(sets));
  for (const name of chosen) {
    const bench = sets[name];
    if (!bench) throw new Error(`There is no set ${name}. There are: ${Object.keys(sets).join(', ')}.`);
    const report = await bench(db);
    const figures = Object.entries(report).map(
      ([what, value]) => `${what} ${value.toFixed(value >= 10 ? 1 : 4)}`,
    );
    console.log(`${name}: ${figures.join(' · ')}`);
  }
  const { slope, shift } = fitCalibration(stated);
  console.log(
    `calibration over these sets: slope ${slope.toFixed(2)}, shift ${shift.toFixed(2)} bits (1 and 0: nothing to correct)`,
  );
} finally {
  await db.close();
}
