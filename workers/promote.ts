import { Client, Connection } from '@temporalio/client';
import { parseArgs } from 'node:util';
import { domainsFromArguments } from '../platform/config.ts';
import { loadTemporalConfig } from '../temporal.config.ts';
import { workflowBundle } from './bundle.ts';
import { promote, untilDrained } from './promotion.ts';
import { buildIdOf } from './versioning.ts';

/**
 * `node workers/promote.ts [--domains a,b] [--build-id id | --unversioned]`: makes the version of this code, or the one that
 * is named, or the workers without a version the ones that get the work, and ends when workers of the version before may be
 * stopped. To go back, name that version.
 */
const { values } = parseArgs({
  options: {
    domains: { type: 'string' },
    'build-id': { type: 'string' },
    unversioned: { type: 'boolean', default: false },
  },
});
const buildId = values.unversioned
  ? null
  : (values['build-id'] ?? buildIdOf(await workflowBundle(process.env['WORKFLOW_BUNDLE'] || undefined)));
const nameOf = (version: string | null) => version ?? 'no version';
const minutes = 60_000;

const { connection: address, namespace } = loadTemporalConfig();
const connection = await Connection.connect(address);
try {
  const client = new Client({ connection, namespace });
  for (const domain of domainsFromArguments(process.argv)) {
    const { before } = await promote(client, domain, buildId, 5 * minutes);
    process.stdout.write(
      `${domain}: workers of ${nameOf(buildId)} get the work, after those of ${nameOf(before)}\n`,
    );
    await untilDrained(client, domain, buildId, 30 * minutes);
    process.stdout.write(`${domain}: nothing is left that only other workers may do\n`);
  }
} finally {
  await connection.close();
}
