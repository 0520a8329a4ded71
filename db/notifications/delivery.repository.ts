import type { Category, Channel } from '../../domain/notifications/categories.ts';
import type { ReportKind } from '../../domain/notifications/mail-report.ts';
import type { DeliveryState, Kind } from '../../domain/notifications/notice.ts';
import type { Sql } from '../sql.ts';
import type { AttemptOutcome } from './results.ts';

/** A message on one channel, and how it has fared. Times are texts as PostgreSQL gives them. */
export interface Delivery {
  id: string;
  channel: Channel;
  userId: string | null;
  address: string | null;
  category: Category;
  critical: boolean;
  gathered: boolean;
  state: DeliveryState;
  attempts: number;
  lastStatus: number | null;
  lastProblem: string | null;
  dueAt: string;
  createdAt: string;
  endedAt: string | null;
  notices: { id: string; kind: Kind; subject: string }[];
}

export interface DeliveryAttempt {
  number: number;
  outcome: AttemptOutcome;
  startedAt: string;
  milliseconds: number | null;
  status: number | null;
  answer: string | null;
}

/** What was told of a mail after the mail server had taken it over. */
export interface DeliveryReport {
  kind: ReportKind;
  status: string | null;
  detail: string | null;
  createdAt: string;
}

export interface Notice {
  id: string;
  kind: Kind;
  category: Category;
  critical: boolean;
  userId: string | null;
  subject: string;
  eventId: string;
  occurredAt: string;
  deliveries: { id: string; channel: Channel; state: DeliveryState }[];
}

export interface DeliveryFilter {
  state?: DeliveryState | undefined;
  channel?: Channel | undefined;
  category?: Category | undefined;
}

/** What an organisation's notices have come to. */
export class DeliveryRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** Newest first, those before a place. */
  async list(filter: DeliveryFilter, limit: number, before: string | null): Promise<Delivery[]> {
    return await this.#select(
      `and ($2::text is null or d.state = $2) and ($3::text is null or d.channel = $3)
       and ($4::text is null or d.category = $4) and ($5::uuid is null or d.id < $5) order by d.id desc limit $6`,
      [filter.state ?? null, filter.channel ?? null, filter.category ?? null, before, limit],
    );
  }

  async find(id: string): Promise<Delivery | null> {
    const [found] = await this.#select('and d.id = $2', [id]);
    return found ?? null;
  }

  /** In the order in which they were made. */
  async attemptsOf(deliveryId: string): Promise<DeliveryAttempt[]> {
    return await this.#sql(
      `select number, outcome, started_at as "startedAt", milliseconds, status, answer from notifications.attempts
       where tenant_id = $1 and delivery_id = $2 order by id`,
      [this.#tenantId, deliveryId],
    );
  }

  /** In the order in which they came. */
  async reportsOf(deliveryId: string): Promise<DeliveryReport[]> {
    return await this.#sql(
      `select kind, status, detail, created_at as "createdAt" from notifications.mail_reports
       where tenant_id = $1 and delivery_id = $2 order by id`,
      [this.#tenantId, deliveryId],
    );
  }

  /** Newest first, those before a place. */
  async notices(limit: number, before: string | null): Promise<Notice[]> {
    return await this.#sql(
      `select n.id, n.kind, n.category, n.critical, n.user_id as "userId", n.subject, n.event_id as "eventId",
         n.occurred_at as "occurredAt", coalesce((
           select json_agg(json_build_object('id', d.id, 'channel', d.channel, 'state', d.state) order by d.id)
           from notifications.delivery_notices l join notifications.deliveries d on d.id = l.delivery_id
           where l.notice_id = n.id), '[]') as deliveries
       from notifications.notices n
       where n.tenant_id = $1 and ($2::uuid is null or n.id < $2) order by n.id desc limit $3`,
      [this.#tenantId, before, limit],
    );
  }

  async #select(rest: string, parameters: unknown[]): Promise<Delivery[]> {
    return await this.#sql<Delivery>(
      `select d.id, d.channel, d.user_id as "userId", a.address, d.category, d.critical,
         d.gathers is not null as gathered, d.state, d.attempts, d.last_status as "lastStatus",
         d.last_problem as "lastProblem", d.due_at as "dueAt", d.created_at as "createdAt", d.ended_at as "endedAt",
         coalesce((
           select json_agg(json_build_object('id', n.id, 'kind', n.kind, 'subject', n.subject) order by n.occurred_at, n.id)
           from notifications.delivery_notices l join notifications.notices n on n.id = l.notice_id
           where l.delivery_id = d.id), '[]') as notices
       from notifications.deliveries d left join notifications.addresses a on a.id = d.address_id
       where d.tenant_id = $1 ${rest}`,
      [this.#tenantId, ...parameters],
    );
  }
}
