import type { Database } from '../../db/database.ts';
import { managersOf } from '../../db/identity/mail-facts.ts';
import { BatchRepository } from '../../db/search/batch.repository.ts';
import { EndpointRepository } from '../../db/webhooks/endpoint.repository.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { subjectId } from '../../domain/events/subject.ts';
import { nullFor } from '../../domain/failure.ts';
import type { Kind } from '../../domain/notifications/notice.ts';
import { noticeOf, notices } from '../../domain/orders/order-mail.ts';
import { findOrder } from '../../services/notifications/compose-order.ts';

/** Who is to be told what, before anybody has asked how they wish to be. */
export interface NoticeDraft {
  kind: Kind;
  /** Of users, or whatever else names one recipient for good. */
  recipients: readonly ({ userId: string } | { other: string })[];
  /** Two notices of one key are one. */
  key: string;
  /** Bypasses preferences, digests and quiet hours, whatever its category. */
  urgent?: true;
  subject: string;
  data: Record<string, unknown>;
}

/** Orders that are placed with us: a shop writes to its customers itself. */
const ours = new Set(['api', 'reorder', 'exchange']);

/** The notice that an event leads to; null when it concerns nobody. */
export async function draftOf(database: Database, event: DomainEvent): Promise<NoticeDraft | null> {
  const { id, type, subject, data, tenantId } = event;
  const text = (name: string): string => String(data[name]);
  const draft = (kind: Kind, rest: Pick<NoticeDraft, 'recipients'> & Partial<NoticeDraft>): NoticeDraft => ({
    kind,
    key: id,
    subject,
    data: {},
    ...rest,
  });
  const toLink = (kind: Kind, member: string): NoticeDraft =>
    draft(kind, {
      recipients: [{ other: `${member.replace('_id', '')}:${text(member)}` }],
      data: { [member]: data[member] },
    });
  switch (type) {
    case 'identity.email_verification_requested':
      return toLink('account.verification', 'registration_id');
    case 'identity.password_reset_requested':
      return toLink('account.password_reset', 'link_id');
    case 'identity.email_change_requested':
      return toLink('account.email_change', 'link_id');
    case 'identity.invitation_created':
      return toLink('account.invitation', 'invitation_id');
    case 'identity.security_notice':
      return draft('security.notice', {
        recipients: [{ userId: text('user_id') }],
        data: { notice: data['notice'], ...(data['link_id'] ? { link_id: data['link_id'] } : {}) },
      });
    case 'notification.test_requested':
      return draft('account.test', { recipients: [{ userId: text('user_id') }] });
    case 'search.batch_completed':
    case 'search.batch_cancelled':
    case 'search.batch_failed': {
      const starter = await starterOf(database, event);
      const phase = type.replace('search.batch_', '');
      return starter === null
        ? null
        : draft('batch.ended', { recipients: [{ userId: starter }], data: { phase } });
    }
    case 'endpoint.disabled': {
      const reason = text('reason');
      // What its owner does needs no telling.
      if (reason !== 'gone' && reason !== 'failing') return null;
      const recipients = await caretakersOf(database, event);
      const told = { endpoint_id: data['endpoint_id'], reason };
      return recipients && draft('webhook.endpoint_disabled', { recipients, data: told });
    }
    case 'message.attempt_exhausted':
    case 'message.recovered': {
      // Such a notice would be a message itself, and so on.
      if (data['message_type'] === 'notification.created') return null;
      const recipients = await caretakersOf(database, event);
      const told = { endpoint_id: data['endpoint_id'], message_type: data['message_type'] };
      const kind = type === 'message.recovered' ? 'webhook.message_recovered' : 'webhook.message_exhausted';
      // One a day of an endpoint: when it is down, everything that is sent to it is given up.
      const key = `${type}:${text('endpoint_id')}:${event.occurredAt.slice(0, 10)}`;
      return recipients && draft(kind, { recipients, data: told, key });
    }
    default:
      return await orderDraft(database, { tenantId, subject, type, data }, draft);
  }
}

async function orderDraft(
  database: Database,
  { tenantId, subject, type, data }: Pick<DomainEvent, 'tenantId' | 'subject' | 'type' | 'data'>,
  draft: (kind: Kind, rest: Pick<NoticeDraft, 'recipients'> & Partial<NoticeDraft>) => NoticeDraft,
): Promise<NoticeDraft | null> {
  const wished = type === 'order.notice_requested';
  const notice = wished ? notices.find((one) => one === data['notice']) : noticeOf[type];
  if (!notice) throw new Error(`There is no notice of ${type}.`);
  const order = await findOrder({ database }, tenantId, subject);
  if (!order || (!wished && !ours.has(order.source))) return null;
  return draft('order.notice', {
    recipients: [{ other: subject }],
    data: { notice },
    // Somebody is waiting: whoever has asked for it, or an order that ends without an answer.
    ...(wished || notice === 'action_required' ? { urgent: true } : {}),
  });
}

async function starterOf(database: Database, { tenantId, subject }: DomainEvent): Promise<string | null> {
  const batch = await database
    .read('search', ({ sql }) => new BatchRepository(sql).get(tenantId, subjectId(subject)))
    .catch(nullFor('search.batch_not_found'));
  return batch?.createdBy ?? null;
}

/** Whoever made an endpoint, and the organisation's owners and admins: it would fall silent otherwise. */
async function caretakersOf(
  database: Database,
  { tenantId, data }: DomainEvent,
): Promise<{ userId: string }[] | null> {
  const endpoint = await database
    .read('webhooks', ({ sql }) => new EndpointRepository(sql, tenantId).get(String(data['endpoint_id'])))
    .catch(nullFor('webhooks.endpoint_not_found'));
  if (!endpoint) return null;
  const managers = await database.read('identity', ({ sql }) => managersOf(sql, tenantId));
  return [...new Set([endpoint.createdBy, ...managers])].toSorted().map((userId) => ({ userId }));
}
