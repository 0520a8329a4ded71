import { z } from 'zod';
import { AuditRepository, type AuditRecord } from '../../db/audit/audit.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import type { Principal } from '../principal.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';
import { createProcessKinds } from './process-kinds.ts';
import type { EntryKind, ProcessKind, ProcessSummary } from './process-kind.ts';

const params = z.object({
  id: z.string().max(100).meta({
    description: '`<type>:<uuid>`, which is the ID of its first workflow too.',
    example: 'batch:0198c0ff-3c3e-7c3e-8f3e-3c3e7c3e8f3e',
  }),
});

const processShape = z
  .object({
    id: z.string().meta({ example: 'batch:0198c0ff-…' }),
    type: z.string().meta({ example: 'batch' }),
    state: z.string().meta({ example: 'searching' }),
    workflow_id: z.string().meta({ description: 'ID of its latest workflow.' }),
    web_ui: z.url().nullable().meta({
      description: 'The workflow in the operators’ console; null where none is configured.',
    }),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Process' });

const entryShape = z
  .object({
    id: z.uuid().meta({ description: 'ID of the event.' }),
    occurred_at: z.iso.datetime(),
    type: z.string().meta({ example: 'completed' }),
    words: z.string().meta({ example: 'Completed' }),
    actor: z.object({ type: z.enum(['user', 'system']), id: z.uuid().nullable() }),
    trace_id: z.string().nullable(),
    data: z.record(z.string(), z.unknown()).meta({ description: 'Counts, codes and references.' }),
  })
  .meta({ id: 'TimelineEntry' });

const processIdShape = /^([a-z-]+):([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** All long-running processes of an organisation alike, whatever domain they belong to. */
export function createProcessRoutes(services: Services): Route[] {
  const { database, config, webUi } = services;
  const pages = new Pages(config.ENCRYPTION_KEYS);
  const kinds = createProcessKinds(services);
  const present = (kind: ProcessKind, process: ProcessSummary) => ({
    id: `${kind.name}:${process.id}`,
    type: kind.name,
    state: process.state,
    workflow_id: process.workflowId,
    web_ui: webUi === null ? null : `${webUi}/workflows/${encodeURIComponent(process.workflowId)}`,
    created_at: process.createdAt.toISOString(),
    finished_at: process.finishedAt?.toISOString() ?? null,
  });
  return [
    route({
      method: 'get',
      path: '/v1/processes',
      summary: 'The processes of the organisation, newest first',
      description: 'Those of the kinds that you may see.',
      tag: 'Processes',
      access: 'processes:read',
      rate: 'read',
      query: z.strictObject({
        ...pageQuery,
        type: z.enum(kinds.map(({ name }) => name)).optional(),
      }),
      responses: { 200: { description: 'A page of processes.', body: pageOf(processShape) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal, query }) => {
        const { tenantId } = principal;
        const shown = kinds.filter(
          ({ name, scope }) => principal.scopes.has(scope) && (query.type ?? name) === name,
        );
        const body = await pages.read({
          list: 'processes',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) => newest(shown, tenantId, limit, after?.id ?? null),
          positionOf: ({ process }) => ({ id: process.id }),
          present: ({ kind, process }) => present(kind, process),
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/processes/:id',
      summary: 'Where a process stands',
      tag: 'Processes',
      access: 'processes:read',
      rate: 'read',
      params,
      responses: { 200: { description: 'The process.', body: processShape } },
      failures: ['request.not_found'],
      handler: async ({ params: { id }, principal }) => {
        const { kind, uuid } = kindOf(kinds, id, principal);
        const process = await kind.find(principal.tenantId, uuid);
        if (!process) throw notFound();
        return { status: 200, body: present(kind, process) };
      },
    }),
    route({
      method: 'get',
      path: '/v1/processes/:id/timeline',
      summary: 'What has happened to a process',
      description:
        'In the words of its business, from the audit log: an entry stands here moments after what it tells of, ' +
        'and stays when the process has been deleted.',
      tag: 'Processes',
      access: 'processes:read',
      rate: 'read',
      params,
      query: z.strictObject({
        ...pageQuery,
        order: z.enum(['newest', 'oldest']).default('newest').meta({ description: 'Which comes first.' }),
        type: z.string().max(50).optional().meta({ description: 'Only entries of this type.' }),
      }),
      responses: { 200: { description: 'A page of it.', body: pageOf(entryShape) } },
      failures: ['request.cursor_invalid', 'request.not_found'],
      handler: async ({ params: { id }, principal, query }) => {
        const { tenantId } = principal;
        const { kind, uuid } = kindOf(kinds, id, principal);
        const types = Object.keys(kind.entries).filter(
          (type) => query.type === undefined || kind.entries[type]?.type === query.type,
        );
        const body = await pages.read({
          list: `processes/${id}/timeline`,
          tenantId,
          query,
          position: z.object({ occurredAt: z.string(), eventId: z.uuid() }),
          read: (limit, after) =>
            database.read('audit', ({ sql }) =>
              new AuditRepository(sql, tenantId).timeline(id, types, query.order, limit, after),
            ),
          positionOf: ({ position, eventId }) => ({ occurredAt: position, eventId }),
          present: (record) => presentEntry(record, kind.entries[record.type]),
        });
        // One that nothing is told of is either new or not there.
        if (body.items.length === 0 && !(await kind.find(tenantId, uuid))) throw notFound();
        return { status: 200, body };
      },
    }),
  ];
}

/** Each kind gives its newest, and the newest of all are the page. */
async function newest(kinds: readonly ProcessKind[], tenantId: string, limit: number, after: string | null) {
  const lists = await Promise.all(
    kinds.map(async (kind) =>
      (await kind.list(tenantId, limit, after)).map((process) => ({ kind, process })),
    ),
  );
  return lists
    .flat()
    .sort((a, b) => (a.process.id < b.process.id ? 1 : -1))
    .slice(0, limit);
}

function kindOf(kinds: readonly ProcessKind[], id: string, { scopes }: Principal) {
  const [, name, uuid] = processIdShape.exec(id) ?? [];
  const kind = kinds.find((one) => one.name === name);
  if (!kind || !uuid) throw notFound();
  if (!scopes.has(kind.scope)) throw new Failure('identity.forbidden', `This needs the scope ${kind.scope}.`);
  return { kind, uuid };
}

function presentEntry(record: AuditRecord, entry: EntryKind | undefined) {
  const shown = new Set(entry?.data);
  return {
    id: record.eventId,
    occurred_at: record.occurredAt.toISOString(),
    type: entry?.type ?? record.type,
    words: entry?.words ?? record.type,
    actor: { type: record.actorId === null ? ('system' as const) : ('user' as const), id: record.actorId },
    trace_id: record.traceId,
    data: Object.fromEntries(Object.entries(record.data).filter(([name]) => shown.has(name))),
  };
}

function notFound(): Failure {
  return new Failure('request.not_found', 'There is no such process.');
}
