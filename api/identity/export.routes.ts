import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Transaction } from '../../db/database.ts';
import {
  createExport,
  ExportRepository,
  type Export,
  type ExportOwner,
} from '../../db/identity/exports.repository.ts';
import { exportContext, type ExportKind } from '../../domain/identity/export.ts';
import type { Scope } from '../../domain/identity/scopes.ts';
import { recogniserOf, type DataSubject } from '../../domain/search/data-subject.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import type { Principal } from '../principal.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { originOf } from './events.ts';
import { exportSummary, exportView, newExport, presentExport, summarise } from './export.schemas.ts';
import { requireSession } from './principals.ts';
import { idParams } from './schemas.ts';

const ofOrganisation = '/v1/exports';
const ofAccount = '/v1/users/me/exports';

const accepted = {
  202: {
    description: 'It will be made.',
    body: exportView,
    headers: { Location: 'Where to read how it stands, and where the archive is.' },
  },
};

/** Copies of data for whom it belongs to (GDPR Art. 15 and 20): of an organisation, of a person in its data, of an account. */
export function createExportRoutes(services: Services): Route[] {
  const { config, storage } = services;
  const box = new SecretBox(config.ENCRYPTION_KEYS);

  const request = async (
    { principal, traceId }: { principal: Principal; traceId: string },
    transaction: Transaction,
    kind: ExportKind,
    person: DataSubject | null,
  ): Promise<Export> => {
    const { tenantId, userId } = principal;
    const id = uuidv7();
    const subject = person && box.seal(JSON.stringify(person), exportContext(tenantId, id));
    const made = await createExport(transaction, { id, tenantId, userId, kind, subject });
    const event = { tenantId, subject: `export:${id}`, ...originOf({ principal, traceId }) };
    await transaction.publish(
      { ...event, type: 'identity.export_requested', data: { kind, user_id: userId } },
      {
        ...event,
        type: 'identity.security_notice',
        data: { user_id: userId, notice: 'export_requested' },
      },
    );
    return made;
  };

  return [
    route({
      method: 'post',
      path: ofOrganisation,
      summary: 'Export what is kept of the organisation, or of a person',
      description:
        'A ZIP with a file for each kind of thing, one JSON object a line, and a manifest. Secrets are never in it: no ' +
        'hash of a password, no key. It can be fetched for seven days. Of a person, it is looked through the people of ' +
        'the record sets, the rows of batches and their results, rejected rows, orders, and the search log by ID.',
      tag: 'Exports',
      access: 'exports:write',
      rate: 'write',
      body: newExport,
      idempotency: { domain: 'identity', mode: 'transaction' },
      responses: accepted,
      failures: ['identity.export_under_way', 'search.erasure_invalid'],
      handler: async ({ body, ...given }, transaction) => {
        const person = body.of === 'person' ? body.person : null;
        if (person) recogniserOf(person);
        const made = await request(given, transaction, body.of, person);
        return {
          status: 202,
          headers: { Location: `${ofOrganisation}/${made.id}` },
          body: await presentExport(made, storage),
        };
      },
    }),
    ...readRoutes(services, {
      path: ofOrganisation,
      what: 'of the organisation',
      tag: 'Exports',
      read: 'exports:read',
      write: 'exports:write',
      owner: ({ tenantId }) => ({ tenantId }),
    }),
    route({
      method: 'post',
      path: ofAccount,
      summary: 'Export your account',
      description:
        'What is kept of you and not of an organisation: the account, memberships, log-ins, keys without their secrets, ' +
        'mailed links, and what you have done.',
      tag: 'Account',
      access: 'account:read',
      rate: 'write',
      idempotency: { domain: 'identity', mode: 'transaction' },
      responses: accepted,
      failures: ['identity.session_required', 'identity.export_under_way'],
      handler: async (given, transaction) => {
        requireSession(given.principal);
        const made = await request(given, transaction, 'account', null);
        return {
          status: 202,
          headers: { Location: `${ofAccount}/${made.id}` },
          body: await presentExport(made, storage),
        };
      },
    }),
    ...readRoutes(services, {
      path: ofAccount,
      what: 'of your account',
      tag: 'Account',
      read: 'account:read',
      write: 'account:read',
      owner: (principal) => ({ accountOf: requireSession(principal).userId }),
    }),
  ];
}

interface Place {
  path: string;
  what: string;
  tag: string;
  read: Scope;
  write: Scope;
  owner: (principal: Principal) => ExportOwner;
}

/** The list of some owner's exports, one of them, and its end. */
function readRoutes({ config, database, storage }: Services, { path, what, tag, ...place }: Place): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const session = path === ofAccount ? (['identity.session_required'] as const) : [];
  return [
    route({
      method: 'get',
      path,
      summary: `List the exports ${what}`,
      tag,
      access: place.read,
      rate: 'read',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'Newest first.', body: pageOf(exportSummary) } },
      failures: ['request.cursor_invalid', ...session],
      handler: async ({ principal, query }) => {
        const owner = place.owner(principal);
        const body = await pages.read({
          list: path,
          tenantId: 'tenantId' in owner ? owner.tenantId : owner.accountOf,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('identity', ({ sql }) =>
              new ExportRepository(sql, owner).list(limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: summarise,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: `${path}/:id`,
      summary: `How an export ${what} stands, with a link to its archive`,
      tag,
      access: place.read,
      rate: 'read',
      params: idParams,
      responses: { 200: { description: 'The export.', body: exportView } },
      failures: ['identity.export_not_found', ...session],
      handler: async ({ principal, params: { id } }) => {
        const owner = place.owner(principal);
        const one = await database.read('identity', ({ sql }) => new ExportRepository(sql, owner).get(id));
        return { status: 200, body: await presentExport(one, storage) };
      },
    }),
    route({
      method: 'delete',
      path: `${path}/:id`,
      summary: `Delete an export ${what}`,
      description:
        'One that is under way is ended. Its archive is deleted moments later, and links to it lead nowhere.',
      tag,
      access: place.write,
      rate: 'write',
      params: idParams,
      responses: { 204: { description: 'It is gone.' } },
      failures: ['identity.export_not_found', ...session],
      handler: async (request) => {
        const { principal, params } = request;
        const owner = place.owner(principal);
        await database.transaction('identity', async (transaction) => {
          const { id, tenantId } = await new ExportRepository(transaction.sql, owner).remove(params.id);
          await transaction.publish({
            type: 'identity.export_deleted',
            tenantId,
            subject: `export:${id}`,
            data: {},
            ...originOf(request),
          });
        });
        return { status: 204 };
      },
    }),
  ];
}
