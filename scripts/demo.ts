import { SingleBar } from 'cli-progress';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { assess } from './demo/assess.ts';
import { DemoClient } from './demo/demo-client.ts';
import { findOrStartSystem } from './demo/running-system.ts';
import { demonstrateShopOrder } from './demo/shop-order.ts';

/**
 * `npm run demo`: imports 5,000 persons, searches in bulk for 5,000 records of the same persons with misspelt, missing and
 * swapped values, and counts how many were found and right. Both files are FEBRL 4; the social security number, which
 * would make it easy, is left out of both. Then an order of a shop comes by a signed webhook and is followed to its delivery.
 */
const root = fileURLToPath(new URL('..', import.meta.url));

const fields = {
  external_id: 'rec_id',
  given_name: 'given_name',
  surname: 'surname',
  street_number: 'street_number',
  street: 'address_1',
  locality: 'address_2',
  city: 'suburb',
  postcode: 'postcode',
  region: 'state',
  date_of_birth: 'date_of_birth',
};

interface Progress {
  state: string;
  problem: { message: string } | null;
}

interface Import extends Progress {
  id: string;
  progress: { rows: number | null; imported: number; rejected: number };
}

interface Batch extends Progress {
  id: string;
  cost: { amount: string; currency: string };
  progress: { rows: number | null; pending: number; rows_per_second: number };
  results: { csv: string; ndjson: string } | null;
}

const print = (text: string) => process.stdout.write(`${text}\n`);

const system = await findOrStartSystem(root);
try {
  const api = new DemoClient(system.apiUrl, system.apiKey);
  await demonstrateSearch(api);
  print('\n4. An order from a signed webhook of Shopify, to its delivery');
  const { apiUrl, temporalUiUrl, stripeUrl, easypostUrl, receiverAddress } = system;
  const workflowsUrl = temporalUiUrl && `${temporalUiUrl}/namespaces/default/workflows`;
  await demonstrateShopOrder({
    api,
    apiUrl,
    workflowsUrl,
    stripeUrl,
    easypostUrl,
    receiverAddress,
    root,
    print,
  });
} finally {
  await system.leave();
}
if (!system.ranBefore)
  print('\nThe demo has stopped what it had started. `npm start` shows it all again, with the workflows.');

async function demonstrateSearch(api: DemoClient): Promise<void> {
  print('\n1. Import the persons of FEBRL 4a into a new record set');
  const { id: setId } = await api.post<{ id: string }>('/v1/record-sets', {
    name: `FEBRL 4a, ${new Date().toISOString()}`,
  });
  const { id: importId } = await api.upload<Import>(
    `/v1/record-sets/${setId}/imports`,
    join(root, 'data/febrl/dataset4a.csv'),
    {
      mapping: JSON.stringify({ fields, key: 'rec_id' }),
    },
  );
  const imported = await follow<Import>(
    api,
    `/v1/record-sets/${setId}/imports/${importId}`,
    ({ progress }) => ({
      done: progress.imported + progress.rejected,
      of: progress.rows,
    }),
  );
  print(`   ${imported.progress.imported} persons imported, ${imported.progress.rejected} rows rejected`);

  print('\n2. Search for every record of FEBRL 4b');
  const { external_id: key, ...searched } = fields;
  const { id } = await api.upload<Batch>('/v1/batches', join(root, 'data/febrl/dataset4b.csv'), {
    name: 'FEBRL 4b',
    record_set_ids: JSON.stringify([setId]),
    mapping: JSON.stringify({ fields: searched, key }),
  });
  if (system.temporalUiUrl)
    print(`   Its workflow: ${system.temporalUiUrl}/namespaces/default/workflows/batch:${id}`);
  const batch = await follow<Batch>(api, `/v1/batches/${id}`, ({ progress }) => ({
    done: progress.rows === null ? 0 : progress.rows - progress.pending,
    of: progress.rows,
  }));

  print('\n3. Download the results and compare them with what the data set knows');
  if (!batch.results) throw new Error('The batch has no results.');
  const { rows, found, right } = assess(await api.download(batch.results.ndjson));
  print(`   ${found} of ${rows} found, ${right} of them right (${((100 * right) / rows).toFixed(2)} %)`);
  print(`   Cost: ${batch.cost.amount} ${batch.cost.currency}`);
  print(
    `   As a table: curl -s ${new URL(batch.results.csv, system.apiUrl).href} -H 'Authorization: Bearer ${system.apiKey}'`,
  );
}

/** Shows a bar until the process has ended, and gives its last state. */
async function follow<T extends Progress>(
  api: DemoClient,
  path: string,
  progressOf: (state: T) => { done: number; of: number | null },
): Promise<T> {
  const bar = new SingleBar({
    format: '   {bar} {percentage} % · {value} of {total} · {state}',
    hideCursor: true,
    noTTYOutput: true,
  });
  bar.start(1, 0, { state: 'submitted' });
  try {
    for (;;) {
      const state = await api.get<T>(path);
      const { done, of } = progressOf(state);
      bar.setTotal(of ?? 1);
      bar.update(done, { state: state.state });
      if (state.state === 'completed') return state;
      if (state.problem) throw new Error(`It failed: ${state.problem.message}`);
      await pause(200);
    }
  } finally {
    bar.stop();
  }
}
