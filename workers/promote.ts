import { Client, Connection } from '@temporalio/client';
import { parseArgs } from 'node:util';
import { domainsFromArguments } from '../platform/config.ts';
import { loadTemporalConfig } from '../temporal.config.ts';
import { workflowBundle } from './bundle.ts';
import { promote, untilDrained } from './promotion.ts';
import { buildIdOf } from './versioning.ts';

/**
 * `node workers/promote.ts [--domains a,b] [--build-id id]`: makes the version of this code, or the one that is named, the
 * one that gets the work, and ends when workers of the version before may be stopped. To go back, name that version.
 */
const { values } = parseArgs({ options: { domains: { type: 'string' }, 'build-id': { type: 'string' } } });
const buildId =
  values['build-id'] ?? buildIdOf(await workflowBundle(process.env['WORKFLOW_BUNDLE'] || undefined));
const minutes = 60_000;

const { connection: address, namespace } = loadTemporalConfig();
const connection = await Connection.connect(address);
try {
  const client = new Client({ connection, namespace });
  for (const domain of domainsFromArguments(process.argv)) {
    const { before } = await promote(client, domain, buildId, 5 * minutes);
    process.stdout.write(
      `${domain}: ${buildId} gets the work; before it was ${before ?? 'nobody of a version'}\n`,
    );
    await untilDrained(client, domain, buildId, 30 * minutes);
    process.stdout.write(`${domain}: the version before has nothing left\n`);
  }
} finally {
  await connection.close();
}
