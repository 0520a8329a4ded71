import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PersonRepository } from '../../db/search/person.repository.ts';
import { domains } from '../../domain/domains.ts';
import { filesOfArchive } from '../support/archive.ts';
import { accepted, eventsOf } from './outcome.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import type { Stage } from './stage.ts';

/** A record set with people whom nobody has had to import. */
export async function plantPeople(
  { caller, database, tenantId }: Stage,
  people: readonly Record<string, string>[],
): Promise<string> {
  const set = await caller.command('/v1/record-sets', () => ({ name: 'People' }));
  const recordSetId = set.body.id as string;
  const persons = people.map(({ phone, ...fields }) => ({
    fields: { ...fields, ...(phone ? { phones: [phone] } : {}) },
  }));
  await database.transaction('search', ({ sql }) =>
    new PersonRepository(sql).insert({ tenantId, recordSetId, persons }),
  );
  return recordSetId;
}

/** All that is kept of an organisation, in an archive. */
export const exportProcess: ProcessUnderTest = {
  name: 'export of an organisation’s data',
  domains,
  // What else goes on in the organisation would be in it.
  underFaults: false,
  submit: async (stage) => {
    const people = Array.from({ length: 100 }, (_, i) => ({ given_name: 'Otto', surname: `Other${i}` }));
    await plantPeople(stage, people);
    return accepted(await stage.caller.command('/v1/exports', () => ({ of: 'organisation' })));
  },
  outcome: async (stage, address) => {
    const { body: view } = await stage.caller.read(address);
    const bytes = Buffer.from(await (await fetch(view.download.url)).arrayBuffer());
    assert.equal(createHash('sha256').update(bytes).digest('hex'), view.download.sha256);
    const files = await filesOfArchive(bytes);
    for (const { name, sha256 } of view.files)
      assert.equal(
        createHash('sha256')
          .update(files.get(name) ?? '')
          .digest('hex'),
        sha256,
        name,
      );
    return {
      result: {
        state: view.state,
        // How much of what is told has come to the log and to people by then is chance.
        files: view.files
          .filter(({ name }: { name: string }) => !/^(audit|notifications)\//.test(name))
          .map(({ name, rows }: { name: string; rows: number }) => [name, rows]),
      },
      told: await eventsOf(stage, `export:${view.id}`, 'identity'),
    };
  },
};
