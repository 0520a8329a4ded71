import { exampleDocument } from '../../api/designs/design.schemas.ts';
import { AssetStore } from '../../services/designs/asset-store.ts';
import type { Fixture, FixtureContext } from './fixtures.ts';

async function makeDesign({ api, tenant }: FixtureContext): Promise<string> {
  const { status, body } = await api.client
    .as(tenant.owner)
    .post('/v1/designs', { name: 'Fixture', document: exampleDocument });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.id as string;
}

async function makeLink(context: FixtureContext, design: string): Promise<{ id: string; token: string }> {
  const { api, tenant } = context;
  return (await api.client.as(tenant.owner).post(`/v1/designs/${design}/links`)).body;
}

const aDesign = { params: async (context: FixtureContext) => ({ id: await makeDesign(context) }) };
const aVersion = {
  params: async (context: FixtureContext) => ({ id: await makeDesign(context), number: '1' }),
};
const aPreset = {
  params: async ({ api, tenant }: FixtureContext) => ({
    id: (
      await api.client
        .as(tenant.owner)
        .post('/v1/design-presets', { category: 'tags', name: 'Fixture', document: exampleDocument })
    ).body.id as string,
  }),
};

async function makeAsset({ api, tenant }: FixtureContext): Promise<string> {
  const store = new AssetStore(api.services);
  const facts = { format: 'png', width: 1, height: 1, leftOut: [], madeOf: null } as const;
  const owner = { name: 'Fixture', createdBy: tenant.owner.userId };
  const incoming = await store.put(tenant.id, owner, Buffer.from('a'), { ...facts, leftOut: [] });
  const kept = await api.services.database.transaction('designs', (transaction) =>
    store.keep(transaction, tenant.id, incoming),
  );
  return kept.id;
}

const anAsset = { params: async (context: FixtureContext) => ({ id: await makeAsset(context) }) };

async function ofDesign(
  { api, tenant }: FixtureContext,
  design: string,
  part: 'previews' | 'optimisations',
): Promise<string> {
  return (await api.client.as(tenant.owner).post(`/v1/designs/${design}/${part}`)).body.id;
}

/** Designs and who may see them, for the matrix of access. */
export const designFixtures: Record<string, Fixture> = {
  'get /v1/designs/:id': aDesign,
  'patch /v1/designs/:id': { ...aDesign, body: () => ({ name: 'Another' }) },
  'delete /v1/designs/:id': aDesign,
  'post /v1/designs/:id/duplicate': aDesign,
  'get /v1/designs/:id/versions': aDesign,
  'get /v1/designs/:id/versions/:number': aVersion,
  'post /v1/designs/:id/versions/:number/restore': aVersion,
  'get /v1/design-assets/:id': anAsset,
  'delete /v1/design-assets/:id': anAsset,
  'get /v1/designs/:id/previews': aDesign,
  'post /v1/designs/:id/previews': aDesign,
  'get /v1/designs/:id/previews/:preview_id': {
    params: async (context) => {
      const id = await makeDesign(context);
      return { id, preview_id: await ofDesign(context, id, 'previews') };
    },
  },
  'get /v1/designs/:id/optimisations': aDesign,
  'post /v1/designs/:id/optimisations': aDesign,
  'get /v1/designs/:id/optimisations/:optimisation_id': {
    params: async (context) => {
      const id = await makeDesign(context);
      return { id, optimisation_id: await ofDesign(context, id, 'optimisations') };
    },
  },
  'get /v1/design-presets/:id': aPreset,
  'patch /v1/design-presets/:id': { ...aPreset, body: () => ({ name: 'Another' }) },
  'delete /v1/design-presets/:id': aPreset,
  'get /v1/designs/:id/links': aDesign,
  'post /v1/designs/:id/links': aDesign,
  'delete /v1/designs/:id/links/:link_id': {
    params: async (context) => {
      const id = await makeDesign(context);
      return { id, link_id: (await makeLink(context, id)).id };
    },
  },
  'get /v1/designs/:id/shares': aDesign,
  'put /v1/designs/:id/shares/:user_id': {
    params: async (context) => ({
      id: await makeDesign(context),
      user_id: context.tenant.member.userId,
    }),
    body: () => ({ access: 'view' }),
  },
  'delete /v1/designs/:id/shares/:user_id': {
    params: async (context) => {
      const { api, tenant } = context;
      const id = await makeDesign(context);
      const { userId } = tenant.member;
      await api.client.as(tenant.owner).put(`/v1/designs/${id}/shares/${userId}`, { access: 'view' });
      return { id, user_id: userId };
    },
  },
  'post /v1/shared-designs/:token/duplicate': {
    params: async (context) => ({ token: (await makeLink(context, await makeDesign(context))).token }),
    global: 'A link is good for whoever has it, of any organisation.',
  },
};
