import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';
import type { InboundFilter } from './inbound.repository.ts';

/** A wish to have webhooks that came in tried again. */
export interface InboundReplay {
  id: string;
  tenantId: string;
  filter: InboundFilter;
  /** How many there were when it was asked for. */
  matching: number;
  /** `stopped`: as many were tried again as may be at one time. */
  state: 'running' | 'completed' | 'stopped';
  /** The last one that was looked at. */
  cursor: string | null;
  replayed: number;
  createdBy: string;
  /** What has come in after that is none of its. */
  createdAt: Date;
  finishedAt: Date | null;
}

const columns = `id, tenant_id as "tenantId", filter, matching, state, cursor, replayed, created_by as "createdBy",
  created_at as "createdAt", finished_at as "finishedAt"`;

type ReplayRow = Omit<InboundReplay, 'createdAt' | 'finishedAt'> & {
  createdAt: string;
  finishedAt: string | null;
};

export class InboundReplayRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  async create(given: Pick<InboundReplay, 'filter' | 'matching' | 'createdBy'>): Promise<InboundReplay> {
    const id = uuidv7();
    await this.#sql(
      `insert into webhooks.inbound_replays (id, tenant_id, filter, matching, state, created_by)
       values ($1, $2, $3, $4, 'running', $5)`,
      [id, this.#tenantId, JSON.stringify(given.filter), given.matching, given.createdBy],
    );
    return await this.get(id);
  }

  /** @throws Failure `webhooks.replay_not_found` */
  async get(id: string): Promise<InboundReplay> {
    return found(await this.#select('and id = $2', [id]));
  }

  /** Newest first. */
  async list(limit: number, afterId: string | null): Promise<InboundReplay[]> {
    return await this.#select('and ($2::uuid is null or id < $2) order by id desc limit $3', [
      afterId,
      limit,
    ]);
  }

  /** The same, held until the transaction ends. @throws Failure `webhooks.replay_not_found` */
  async lock(id: string): Promise<InboundReplay> {
    return found(await this.#select('and id = $2 for update', [id]));
  }

  /** @param state the end that it has come to, or `running` */
  async goOn(
    id: string,
    { state, cursor, replayed }: Pick<InboundReplay, 'state' | 'cursor' | 'replayed'>,
  ): Promise<void> {
    await this.#sql(
      `update webhooks.inbound_replays set state = $3, cursor = $4, replayed = $5,
         finished_at = case when $3 <> 'running' then now() end
       where tenant_id = $1 and id = $2`,
      [this.#tenantId, id, state, cursor, replayed],
    );
  }

  async #select(rest: string, parameters: unknown[]): Promise<InboundReplay[]> {
    const rows = await this.#sql<ReplayRow>(
      `select ${columns} from webhooks.inbound_replays where tenant_id = $1 ${rest}`,
      [this.#tenantId, ...parameters],
    );
    return withDates(rows, ['createdAt']).map((row) => ({
      ...row,
      finishedAt: row.finishedAt === null ? null : new Date(row.finishedAt),
    }));
  }
}

function found([replay]: InboundReplay[]): InboundReplay {
  if (!replay) throw new Failure('webhooks.replay_not_found', 'There is no such replay.');
  return replay;
}
