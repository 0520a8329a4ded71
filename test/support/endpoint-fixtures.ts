import { v7 as uuidv7 } from 'uuid';
import type { Fixture, FixtureContext } from './fixtures.ts';

const makeEndpoint = async ({ api, caller }: FixtureContext): Promise<string> => {
  const { body } = await api.client
    .as(caller)
    .post('/v1/webhook-endpoints', { url: 'https://hooks.invalid/perdure' });
  return body.id as string;
};

/** A message of the tenant, stored as the outbox's consumer does. */
const makeMessage = async ({ api, tenant }: FixtureContext): Promise<string> => {
  const id = uuidv7();
  await api.services.database.transaction('webhooks', ({ sql }) =>
    sql(
      `insert into webhooks.messages (id, tenant_id, type, subject, operational, bodies, occurred_at)
       values ($1, $2, 'batch.submitted', 'batch:1', false, $3, now())`,
      [id, tenant.id, JSON.stringify({ 1: '{"type":"batch.submitted"}' })],
    ),
  );
  return id;
};

const ofEndpoint = { params: async (context: FixtureContext) => ({ id: await makeEndpoint(context) }) };
const ofMessage = { params: async (context: FixtureContext) => ({ id: await makeMessage(context) }) };
const lately = () => ({ since: new Date(Date.now() - 60_000).toISOString() });

/** Endpoints and messages, for the matrix of access. */
export const endpointFixtures: Record<string, Fixture> = {
  'get /v1/webhook-endpoints/:id': ofEndpoint,
  'patch /v1/webhook-endpoints/:id': { ...ofEndpoint, body: () => ({ description: 'another' }) },
  'delete /v1/webhook-endpoints/:id': ofEndpoint,
  'post /v1/webhook-endpoints/:id/enable': ofEndpoint,
  'post /v1/webhook-endpoints/:id/pause': ofEndpoint,
  'post /v1/webhook-endpoints/:id/disable': ofEndpoint,
  'post /v1/webhook-endpoints/:id/rotate-secret': { ...ofEndpoint, body: () => ({}) },
  'post /v1/webhook-endpoints/:id/test': { ...ofEndpoint, body: () => ({}) },
  'post /v1/webhook-endpoints/:id/recover': { ...ofEndpoint, body: lately },
  'post /v1/webhook-endpoints/:id/replay-missing': { ...ofEndpoint, body: lately },
  'get /v1/webhook-endpoints/:id/attempts': ofEndpoint,
  'get /v1/webhook-endpoints/:id/deliveries': ofEndpoint,
  'get /v1/webhook-endpoints/:id/health': ofEndpoint,
  'post /v1/webhook-endpoints/:id/messages/:message/resend': {
    params: async (context) => ({
      id: await makeEndpoint(context),
      message: await makeMessage(context),
    }),
  },
  'get /v1/webhook-endpoints/:id/recoveries/:recovery': {
    params: async (context) => {
      const id = await makeEndpoint(context);
      const { body } = await context.api.client
        .as(context.caller)
        .post(`/v1/webhook-endpoints/${id}/recover`, lately());
      return { id, recovery: body.id as string };
    },
  },
  'get /v1/webhooks/messages/:id': ofMessage,
  'get /v1/webhooks/messages/:id/attempts': ofMessage,
};
