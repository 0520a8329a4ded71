import { parseArgs } from 'node:util';
import { openBenchDatabase, type BenchDatabase } from './match-database.ts';
import { febrl, hasFile, organisations } from './match-datasets.ts';
import { customerRecords, registerRecords } from './match-people.ts';
import { runAbsent, runLink, runPairs, type OnWrong, type Report } from './match-runs.ts';

const { values: options } = parseArgs({
  options: {
    set: { type: 'string', multiple: true },
    url: { type: 'string' },
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

const sets: Record<string, (db: BenchDatabase) => Promise<Report>> = {
  febrl4: (db) => runLink(db, febrl('febrl/dataset4a.csv'), febrl('febrl/dataset4b.csv'), onWrong),
  'febrl4-absent': (db) => runAbsent(db, febrl('febrl/dataset4a.csv'), febrl('febrl/dataset4b.csv'), onWrong),
  febrl3: (db) => runPairs(db, febrl('febrl/dataset3.csv'), onWrong),
  registers: (db) => runPairs(db, registerRecords(1, 1_500), onWrong),
  customers: (db) => runPairs(db, customerRecords(1, 300), onWrong),
};
for (const name of ['1', '2']) {
  const file = `febrl/dataset${name}.csv`;
  if (hasFile(file)) sets[`febrl${name}`] = (db) => runPairs(db, febrl(file), onWrong);
}
const organisationFile = 'dedupe_examples/csv_example_input_with_true_ids.csv';
if (hasFile(organisationFile)) {
  sets['organisations'] = (db) => runPairs(db, organisations(organisationFile), onWrong);
}

const db = await openBenchDatabase(options.url);
try {
  for (const name of options.set ?? Object.keys(sets)) {
    const run = sets[name];
    if (!run) throw new Error(`There is no set ${name}. There are: ${Object.keys(sets).join(', ')}.`);
    const report = await run(db);
    const figures = Object.entries(report).map(
      ([what, value]) => `${what} ${value.toFixed(value >= 10 ? 1 : 4)}`,
    );
    console.log(`${name}: ${figures.join(' · ')}`);
  }
} finally {
  await db.close();
}
