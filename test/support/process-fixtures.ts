import { endedBatch, endedImport, makeRecordSet, phonesCsv, submitBatch, submitImport } from './batches.ts';
import type { Fixture, FixtureContext } from './fixtures.ts';
import { formOf } from './search-system.ts';

const ofBatch = {
  params: async ({ api, tenant }: FixtureContext) => ({
    id: (await submitBatch(api.services, tenant.id, phonesCsv(1))).id,
  }),
};
const ofEndedBatch = {
  params: async ({ api, tenant }: FixtureContext) => ({ id: (await endedBatch(api.services, tenant.id)).id }),
};
const ofProcess = {
  params: async ({ api, tenant }: FixtureContext) => ({
    id: `batch:${(await submitBatch(api.services, tenant.id, phonesCsv(1))).id}`,
  }),
};
const ofRecordSet = {
  params: async ({ api, tenant }: FixtureContext) => ({ id: await makeRecordSet(api.services, tenant.id) }),
};
const ofImport = {
  params: async ({ api, tenant }: FixtureContext) => {
    const { id, recordSetId } = await endedImport(api.services, tenant.id);
    return { id: recordSetId, import_id: id };
  },
};
const ofErasure = {
  params: async ({ api, tenant }: FixtureContext) => ({
    id: (await api.client.as(tenant.owner).post('/v1/erasures', { emails: ['a@example.com'] })).body.id,
  }),
};
const people = (): FormData => formOf('first name,last name\nAda,Lovelace\n', 'people.csv');

/** Batches, record sets and imports, for the matrix of access. */
export const processFixtures: Record<string, Fixture> = {
  'get /v1/processes/:id': ofProcess,
  'get /v1/processes/:id/timeline': ofProcess,
  'get /v1/batches/:id': ofBatch,
  'get /v1/batches/:id/rows': ofBatch,
  'get /v1/batches/:id/events': ofEndedBatch,
  'post /v1/batches/:id/pause': ofBatch,
  'post /v1/batches/:id/resume': ofBatch,
  'post /v1/batches/:id/cancel': ofBatch,
  'post /v1/batches/:id/retry-failed': { ...ofEndedBatch, body: () => ({}) },
  'patch /v1/batches/:id': { ...ofBatch, body: () => ({ priority: 1 }) },
  'delete /v1/batches/:id': ofEndedBatch,
  'get /v1/batches/:id/results.csv': ofEndedBatch,
  'get /v1/batches/:id/results.ndjson': ofEndedBatch,
  'get /v1/batches/:id/errors.csv': ofEndedBatch,
  'get /v1/erasures/:id': ofErasure,
  'get /v1/record-sets/:id': ofRecordSet,
  'patch /v1/record-sets/:id': { ...ofRecordSet, body: () => ({ name: 'Another name' }) },
  'delete /v1/record-sets/:id': ofRecordSet,
  'post /v1/record-sets/:id/imports/preview': { ...ofRecordSet, body: people },
  'post /v1/record-sets/:id/imports': { ...ofRecordSet, body: people },
  'get /v1/record-sets/:id/imports': ofRecordSet,
  'get /v1/record-sets/:id/imports/:import_id': ofImport,
  'post /v1/record-sets/:id/imports/:import_id/cancel': {
    params: async ({ api, tenant }) => {
      const { id, recordSetId } = await submitImport(api.services, tenant.id);
      return { id: recordSetId, import_id: id };
    },
  },
  'get /v1/record-sets/:id/imports/:import_id/events': ofImport,
  'get /v1/record-sets/:id/imports/:import_id/rejected.csv': ofImport,
};
