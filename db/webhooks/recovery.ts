import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** `failed`: what has not arrived is sent again. `missing`: what the endpoint was never sent. */
export type RecoveryKind = 'failed' | 'missing';

/** A wish to have messages of a time sent (again) to an endpoint. */
export interface Recovery {
  id: string;
  tenantId: string;
  endpointId: string;
  kind: RecoveryKind;
  since: Date;
  until: Date;
  /** `stopped`: the endpoint is gone or takes nothing any more, or as many were sent as may be. */
  state: 'running' | 'completed' | 'stopped';
  /** The last message that was looked at. */
  cursor: string | null;
  sent: number;
  createdAt: Date;
  finishedAt: Date | null;
}

const columns = `id, tenant_id as "tenantId", endpoint_id as "endpointId", kind, since, until, state, cursor, sent,
  created_at as "createdAt", finished_at as "finishedAt"`;

export class RecoveryRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  async create(
    given: Pick<Recovery, 'endpointId' | 'kind' | 'since' | 'until'> & { createdBy: string },
  ): Promise<Recovery> {
    const id = uuidv7();
    await this.#sql(
      `insert into webhooks.recoveries (id, tenant_id, endpoint_id, kind, since, until, state, created_by)
       values ($1, $2, $3, $4, $5, $6, 'running', $7)`,
      [id, this.#tenantId, given.endpointId, given.kind, given.since, given.until, given.createdBy],
    );
    return await this.get(id);
  }

  /** @throws Failure `webhooks.recovery_not_found` */
  async get(id: string): Promise<Recovery> {
    return found(await this.#select('and id = $2', [id]));
  }

  /** Newest first. */
  async list(limit: number, afterId: string | null): Promise<Recovery[]> {
    return await this.#select('and ($2::uuid is null or id < $2) order by id desc limit $3', [
      afterId,
      limit,
    ]);
  }

  /** The same, held until the transaction ends. @throws Failure `webhooks.recovery_not_found` */
  async lock(id: string): Promise<Recovery> {
    return found(await this.#select('and id = $2 for update', [id]));
  }

  async goOn(id: string, cursor: string | null, sent: number): Promise<void> {
    await this.#sql(
      `update webhooks.recoveries set cursor = $3, sent = sent + $4 where tenant_id = $1 and id = $2`,
      [this.#tenantId, id, cursor, sent],
    );
  }

  async end(id: string, state: 'completed' | 'stopped'): Promise<void> {
    await this.#sql(
      `update webhooks.recoveries set state = $3, finished_at = now() where tenant_id = $1 and id = $2`,
      [this.#tenantId, id, state],
    );
  }

  async #select(rest: string, parameters: unknown[]): Promise<Recovery[]> {
    const rows = await this.#sql<Recovery>(
      `select ${columns} from webhooks.recoveries where tenant_id = $1 ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['since', 'until', 'createdAt', 'finishedAt']);
  }
}

function found([recovery]: Recovery[]): Recovery {
  if (!recovery) throw new Failure('webhooks.recovery_not_found', 'There is no such recovery.');
  return recovery;
}
