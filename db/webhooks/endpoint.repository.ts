import { Failure } from '../../domain/failure.ts';
import type { DisabledReason, EndpointState } from '../../domain/webhooks/endpoint.ts';
import { lockName } from '../lock-name.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';
import { endpointColumns, type Endpoint } from './endpoint.ts';

export type EndpointSettings = Pick<
  Endpoint,
  'url' | 'description' | 'eventTypes' | 'payloadVersion' | 'ordering' | 'ratePerSecond' | 'headers'
>;

/** Endpoints of a tenant. Deleted ones are not there. */
export class EndpointRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** @throws Failure `webhooks.endpoint_not_found`, also for another tenant's */
  async get(id: string): Promise<Endpoint> {
    return found(await this.#select('and id = $2', [id]));
  }

  /**
   * The same, held until the transaction ends, and how it fares with it: in this order those who note attempts lock
   * them too.
   */
  async lock(id: string): Promise<Endpoint> {
    await this.#sql(
      `select endpoint_id from webhooks.endpoint_health where endpoint_id = $2 and exists (
         select 1 from webhooks.endpoints where tenant_id = $1 and id = $2) for update`,
      [this.#tenantId, id],
    );
    return found(await this.#select('and id = $2 for no key update', [id]));
  }

  /** Newest first. */
  async list(limit: number, afterId: string | null): Promise<Endpoint[]> {
    return await this.#select('and ($2::uuid is null or id < $2) order by id desc limit $3', [
      afterId,
      limit,
    ]);
  }

  /** How many there are. Whoever adds one holds them meanwhile, so that the limit holds. */
  async countForAdding(): Promise<number> {
    await lockName(this.#sql, `webhooks.endpoints:${this.#tenantId}`);
    const [row] = await this.#sql<{ endpoints: number }>(
      `select count(*)::int as endpoints from webhooks.endpoints where tenant_id = $1 and state <> 'deleted'`,
      [this.#tenantId],
    );
    return row?.endpoints ?? 0;
  }

  async insert(
    endpoint: EndpointSettings & Pick<Endpoint, 'id' | 'secret' | 'createdBy'> & { state: EndpointState },
  ): Promise<Endpoint> {
    await this.#sql(
      `insert into webhooks.endpoints (id, tenant_id, url, description, event_types, payload_version, ordering,
         rate_per_second, headers, secret, state, disabled_reason, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        endpoint.id,
        this.#tenantId,
        endpoint.url,
        endpoint.description,
        endpoint.eventTypes,
        endpoint.payloadVersion,
        endpoint.ordering,
        endpoint.ratePerSecond,
        endpoint.headers,
        endpoint.secret,
        endpoint.state,
        endpoint.state === 'disabled' ? 'owner' : null,
        endpoint.createdBy,
      ],
    );
    await this.#sql('insert into webhooks.endpoint_health (endpoint_id) values ($1)', [endpoint.id]);
    return await this.get(endpoint.id);
  }

  /** Changes what people set. The caller holds it locked. */
  async update(id: string, settings: EndpointSettings): Promise<Endpoint> {
    await this.#sql(
      `update webhooks.endpoints set url = $3, description = $4, event_types = $5, payload_version = $6, ordering = $7,
         rate_per_second = $8, headers = $9, version = version + 1, updated_at = now()
       where tenant_id = $1 and id = $2`,
      [
        this.#tenantId,
        id,
        settings.url,
        settings.description,
        settings.eventTypes,
        settings.payloadVersion,
        settings.ordering,
        settings.ratePerSecond,
        settings.headers,
      ],
    );
    return await this.get(id);
  }

  async setSecrets(
    id: string,
    { secret, oldSecrets }: Pick<Endpoint, 'secret' | 'oldSecrets'>,
  ): Promise<void> {
    await this.#sql(
      `update webhooks.endpoints set secret = $3, old_secrets = $4, version = version + 1, updated_at = now()
       where tenant_id = $1 and id = $2`,
      [this.#tenantId, id, secret, JSON.stringify(oldSecrets)],
    );
  }

  async setState(id: string, state: EndpointState, reason: DisabledReason | null): Promise<void> {
    await this.#sql(
      `update webhooks.endpoints set state = $3, disabled_reason = $4, version = version + 1, updated_at = now()
       where tenant_id = $1 and id = $2`,
      [this.#tenantId, id, state, reason],
    );
  }

  /** Its secrets go at once; its messages and attempts when they are swept. */
  async delete(id: string): Promise<void> {
    await this.#sql(
      `update webhooks.endpoints set state = 'deleted', secret = '', old_secrets = '[]', headers = null, url = '',
         description = '', version = version + 1, updated_at = now()
       where tenant_id = $1 and id = $2`,
      [this.#tenantId, id],
    );
  }

  async #select(rest: string, parameters: unknown[]): Promise<Endpoint[]> {
    const rows = await this.#sql<Endpoint>(
      `select ${endpointColumns} from webhooks.endpoints where tenant_id = $1 and state <> 'deleted' ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['createdAt', 'updatedAt']);
  }
}

function found([endpoint]: Endpoint[]): Endpoint {
  if (!endpoint) throw new Failure('webhooks.endpoint_not_found', 'There is no such endpoint.');
  return endpoint;
}
