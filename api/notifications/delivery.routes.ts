import { z } from 'zod';
import {
  DeliveryRepository,
  type Delivery,
  type DeliveryAttempt,
  type DeliveryReport,
  type Notice,
} from '../../db/notifications/delivery.repository.ts';
import { attemptOutcomes } from '../../db/notifications/results.ts';
import { Failure } from '../../domain/failure.ts';
import { categories, channels } from '../../domain/notifications/categories.ts';
import { reportKinds } from '../../domain/notifications/mail-report.ts';
import { deliveryStates } from '../../domain/notifications/notice.ts';
import { idPosition, pageOf, pageQuery, Pages } from '../page.ts';
import { route, type Route } from '../route.ts';
import type { Services } from '../services.ts';

const tag = 'Notifications';
const params = z.object({ id: z.uuid() });
const moment = z.iso.datetime();

const deliveryView = z
  .object({
    id: z.uuid(),
    channel: z.enum(channels),
    user_id: z
      .uuid()
      .nullable()
      .meta({ description: 'Null: a customer, or somebody who has no account yet.' }),
    address: z.string().nullable().meta({
      description: 'Where its mail went; null before the first attempt, and for links to accounts.',
    }),
    category: z.enum(categories),
    critical: z.boolean(),
    gathered: z.boolean().meta({ description: 'It tells several notices, or waits for them.' }),
    state: z.enum(deliveryStates),
    attempts: z.int(),
    last_status: z.int().nullable().meta({ description: 'What the mail server has answered.' }),
    last_problem: z.string().nullable(),
    next_attempt_at: moment.nullable(),
    created_at: moment,
    ended_at: moment.nullable(),
    notices: z.array(z.object({ id: z.uuid(), kind: z.string(), about: z.string() })),
  })
  .meta({ id: 'NotificationDelivery' });

const attemptView = z
  .object({
    number: z.int(),
    outcome: z.enum(attemptOutcomes),
    started_at: moment,
    milliseconds: z.int().nullable(),
    status: z.int().nullable(),
    answer: z.string().nullable().meta({ description: 'What the mail server has said, without addresses.' }),
  })
  .meta({ id: 'NotificationAttempt' });

const reportView = z
  .object({
    kind: z.enum(reportKinds).meta({
      description:
        '`bounced`: it never arrives, nor do others at that address; `failed`: it did not arrive; `complaint`: its reader calls it spam.',
    }),
    status: z.string().nullable().meta({ description: 'The enhanced code (RFC 3463).', example: '5.1.1' }),
    detail: z.string().nullable().meta({ description: 'What was said, without addresses.' }),
    reported_at: moment,
  })
  .meta({ id: 'NotificationReport' });

const noticeView = z
  .object({
    id: z.uuid(),
    kind: z.string(),
    category: z.enum(categories),
    critical: z.boolean(),
    user_id: z.uuid().nullable(),
    about: z.string(),
    event_id: z.uuid(),
    occurred_at: moment,
    deliveries: z.array(z.object({ id: z.uuid(), channel: z.enum(channels), state: z.enum(deliveryStates) })),
  })
  .meta({ id: 'Notice' });

/** What the organisation's people and customers were told, and how surely. */
export function createDeliveryRoutes({ config, database }: Services): Route[] {
  const pages = new Pages(config.ENCRYPTION_KEYS);
  return [
    route({
      method: 'get',
      path: '/v1/notifications/deliveries',
      summary: 'The messages of the organisation’s notices, newest first',
      tag,
      access: 'notifications:manage',
      rate: 'read',
      query: z.strictObject({
        ...pageQuery,
        state: z.enum(deliveryStates).optional(),
        channel: z.enum(channels).optional(),
        category: z.enum(categories).optional(),
      }),
      responses: { 200: { description: 'A page of deliveries.', body: pageOf(deliveryView) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'notification-deliveries',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('notifications', ({ sql }) =>
              new DeliveryRepository(sql, tenantId).list(query, limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: presentDelivery,
        });
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/v1/notifications/deliveries/:id',
      summary: 'A message, with every attempt at it',
      tag,
      access: 'notifications:manage',
      rate: 'read',
      params,
      responses: {
        200: {
          description: 'The delivery.',
          body: deliveryView.extend({
            attempts_made: z.array(attemptView),
            reports: z
              .array(reportView)
              .meta({ description: 'What was told of it after the mail server had taken it over.' }),
          }),
        },
      },
      failures: ['notifications.delivery_not_found'],
      handler: async ({ params: { id }, principal: { tenantId } }) => {
        const [delivery, attempts, reports] = await database.read('notifications', async ({ sql }) => {
          const deliveries = new DeliveryRepository(sql, tenantId);
          return [
            await deliveries.find(id),
            await deliveries.attemptsOf(id),
            await deliveries.reportsOf(id),
          ] as const;
        });
        if (!delivery) throw new Failure('notifications.delivery_not_found', 'There is no such delivery.');
        return {
          status: 200,
          body: {
            ...presentDelivery(delivery),
            attempts_made: attempts.map(presentAttempt),
            reports: reports.map(presentReport),
          },
        };
      },
    }),
    route({
      method: 'get',
      path: '/v1/notifications/notices',
      summary: 'What the organisation’s people and customers were told of, newest first',
      tag,
      access: 'notifications:manage',
      rate: 'read',
      query: z.strictObject(pageQuery),
      responses: { 200: { description: 'A page of notices.', body: pageOf(noticeView) } },
      failures: ['request.cursor_invalid'],
      handler: async ({ principal: { tenantId }, query }) => {
        const body = await pages.read({
          list: 'notices',
          tenantId,
          query,
          position: idPosition,
          read: (limit, after) =>
            database.read('notifications', ({ sql }) =>
              new DeliveryRepository(sql, tenantId).notices(limit, after?.id ?? null),
            ),
          positionOf: ({ id }) => ({ id }),
          present: presentNotice,
        });
        return { status: 200, body };
      },
    }),
  ];
}

const iso = (time: string): string => new Date(time).toISOString();

function presentDelivery(delivery: Delivery) {
  const { id, channel, category, critical, gathered, state, attempts, address, notices } = delivery;
  return {
    id,
    channel,
    user_id: delivery.userId,
    address,
    category,
    critical,
    gathered,
    state,
    attempts,
    last_status: delivery.lastStatus,
    last_problem: delivery.lastProblem,
    next_attempt_at: state === 'pending' ? iso(delivery.dueAt) : null,
    created_at: iso(delivery.createdAt),
    ended_at: delivery.endedAt && iso(delivery.endedAt),
    notices: notices.map((notice) => ({ id: notice.id, kind: notice.kind, about: notice.subject })),
  };
}

function presentAttempt({ startedAt, ...attempt }: DeliveryAttempt) {
  return { ...attempt, started_at: iso(startedAt) };
}

function presentReport({ createdAt, ...report }: DeliveryReport) {
  return { ...report, reported_at: iso(createdAt) };
}

function presentNotice({ userId, subject, eventId, occurredAt, ...notice }: Notice) {
  return { ...notice, user_id: userId, about: subject, event_id: eventId, occurred_at: iso(occurredAt) };
}
