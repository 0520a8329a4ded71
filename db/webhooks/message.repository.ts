import { Failure } from '../../domain/failure.ts';
import type { DeliveryState, Trigger } from '../../domain/webhooks/endpoint.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';
import { attemptColumns, type Attempt } from './attempt.ts';

/** An event as endpoints get it. */
export interface Message {
  id: string;
  type: string;
  subject: string;
  /** The body for each version of the payload. */
  bodies: Record<string, string>;
  occurredAt: Date;
  createdAt: Date;
}

/** How a message fares at one endpoint. */
export interface MessageDelivery {
  messageId: string;
  messageType: string;
  endpointId: string;
  trigger: Trigger;
  state: DeliveryState;
  attempts: number;
  /** When its next attempt may be made; null when there is none, or an earlier message of its subject goes first. */
  nextAttemptAt: Date | null;
  underWay: boolean;
  lastStatus: number | null;
  lastProblem: string | null;
  deliveredAt: Date | null;
  exhaustedAt: Date | null;
  createdAt: Date;
}

const messageColumns = `id, type, subject, bodies, occurred_at as "occurredAt", created_at as "createdAt"`;

const deliveryColumns = `d.message_id as "messageId", m.type as "messageType", d.endpoint_id as "endpointId", d.trigger,
  d.state, d.attempts,
  case when d.state = 'pending' and d.due_at < 'infinity' and d.claim is null then d.due_at end as "nextAttemptAt",
  d.claim is not null as "underWay", d.last_status as "lastStatus", d.last_problem as "lastProblem",
  d.delivered_at as "deliveredAt", d.exhausted_at as "exhaustedAt", d.created_at as "createdAt"`;

/** Messages of a tenant, and what came of them. What was sent to endpoints that are deleted is not shown. */
export class MessageRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** @throws Failure `webhooks.message_not_found`, also for another tenant's */
  async get(id: string): Promise<Message> {
    const [message] = await this.#messages('and id = $2', [id]);
    if (!message) throw new Failure('webhooks.message_not_found', 'There is no such message.');
    return message;
  }

  /** Newest first. */
  async list(type: string | undefined, limit: number, afterId: string | null): Promise<Message[]> {
    return await this.#messages(
      'and ($2::text is null or type = $2) and ($3::uuid is null or id < $3) order by id desc limit $4',
      [type ?? null, afterId, limit],
    );
  }

  /** To every endpoint, oldest endpoint first. */
  async deliveriesOf(messageId: string): Promise<MessageDelivery[]> {
    return await this.#deliveries('and d.message_id = $2 order by d.endpoint_id', [messageId]);
  }

  /** To one endpoint, newest message first. */
  async deliveriesTo(
    endpointId: string,
    state: DeliveryState | undefined,
    limit: number,
    afterId: string | null,
  ): Promise<MessageDelivery[]> {
    return await this.#deliveries(
      `and d.endpoint_id = $2 and ($3::text is null or d.state = $3) and ($4::uuid is null or d.message_id < $4)
       order by d.message_id desc limit $5`,
      [endpointId, state ?? null, afterId, limit],
    );
  }

  /** Newest first: of a message, or to an endpoint. */
  async attempts(
    of: { messageId: string } | { endpointId: string; outcome?: string | undefined },
    limit: number,
    afterId: string | null,
  ): Promise<Attempt[]> {
    const [column, id, outcome] =
      'messageId' in of
        ? ['message_id', of.messageId, null]
        : ['endpoint_id', of.endpointId, of.outcome ?? null];
    const rows = await this.#sql<Attempt>(
      `select ${attemptColumns} from webhooks.attempts a
       where tenant_id = $1 and ${column} = $2 and ($3::text is null or outcome = $3) and ($4::uuid is null or id < $4)
         and exists (select 1 from webhooks.endpoints e where e.id = a.endpoint_id and e.state <> 'deleted')
       order by id desc limit $5`,
      [this.#tenantId, id, outcome, afterId, limit],
    );
    return withDates(rows, ['startedAt']);
  }

  async #messages(rest: string, parameters: unknown[]): Promise<Message[]> {
    const rows = await this.#sql<Message>(
      `select ${messageColumns} from webhooks.messages where tenant_id = $1 ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['occurredAt', 'createdAt']);
  }

  async #deliveries(rest: string, parameters: unknown[]): Promise<MessageDelivery[]> {
    const rows = await this.#sql<MessageDelivery>(
      `select ${deliveryColumns} from webhooks.deliveries d join webhooks.messages m on m.id = d.message_id
         join webhooks.endpoints e on e.id = d.endpoint_id
       where d.tenant_id = $1 and e.state <> 'deleted' ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['nextAttemptAt', 'deliveredAt', 'exhaustedAt', 'createdAt']);
  }
}
