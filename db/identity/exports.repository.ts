import { Failure } from '../../domain/failure.ts';
import { exportLifetimeDays, type ExportKind, type ExportState } from '../../domain/identity/export.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';

/** A file in an archive. */
export interface ArchivedFile {
  name: string;
  rows: number;
  bytes: number;
  sha256: string;
}

/** The archive of an export. */
export interface Archive {
  key: string;
  bytes: number;
  sha256: string;
  files: ArchivedFile[];
}

export interface Export {
  id: string;
  tenantId: string;
  /** Who has asked for it. */
  userId: string;
  kind: ExportKind;
  state: ExportState;
  archive: Archive | null;
  /** Why it has failed: a code. */
  problem: string | null;
  createdAt: Date;
  finishedAt: Date | null;
  expiresAt: Date | null;
}

/** An organisation has its exports, also of persons, and a user those of the own account, whatever the organisation. */
export type ExportOwner = { tenantId: string } | { accountOf: string };

type Moments = 'createdAt' | 'finishedAt' | 'expiresAt';
type ExportRow = Omit<Export, Moments> & {
  createdAt: string;
  finishedAt: string | null;
  expiresAt: string | null;
};

// An archive whose time is over is gone for whoever asks, also in the hour in which nobody has deleted it yet.
const columns = `id, tenant_id as "tenantId", user_id as "userId", kind,
  case when expires_at <= now() then 'expired' else state end as state,
  case when expires_at <= now() then null else archive end as archive, problem, created_at as "createdAt",
  finished_at as "finishedAt", expires_at as "expiresAt"`;

/** The exports that one owner sees. */
export class ExportRepository {
  readonly #sql: Sql;
  readonly #where: string;
  readonly #owner: string;

  constructor(sql: Sql, owner: ExportOwner) {
    this.#sql = sql;
    const isAccount = 'accountOf' in owner;
    this.#where = `deleted_at is null and ${isAccount ? `user_id = $1 and kind = 'account'` : `tenant_id = $1 and kind <> 'account'`}`;
    this.#owner = isAccount ? owner.accountOf : owner.tenantId;
  }

  /** @throws Failure `identity.export_not_found`, also for another owner's */
  async get(id: string): Promise<Export> {
    return found(await this.#select('and id = $2', [id]));
  }

  /** Newest first. */
  async list(limit: number, afterId: string | null): Promise<Export[]> {
    return await this.#select('and ($2::uuid is null or id < $2) order by id desc limit $3', [
      afterId,
      limit,
    ]);
  }

  /** Hides it from its owner; what it has written is deleted by a workflow. */
  async remove(id: string): Promise<Export> {
    const rows = await this.#sql<ExportRow>(
      `update identity.exports set deleted_at = now(), subject = null where ${this.#where} and id = $2 returning ${columns}`,
      [this.#owner, id],
    );
    return found(rows.map(toExport));
  }

  async #select(rest: string, parameters: unknown[]): Promise<Export[]> {
    const rows = await this.#sql<ExportRow>(
      `select ${columns} from identity.exports where ${this.#where} ${rest}`,
      [this.#owner, ...parameters],
    );
    return rows.map(toExport);
  }
}

/** @throws Failure `identity.export_under_way` where the same is being exported */
export async function createExport(
  { sql }: Transaction,
  wanted: { id: string; tenantId: string; userId: string; kind: ExportKind; subject: string | null },
): Promise<Export> {
  const rows = await sql<ExportRow>(
    `insert into identity.exports (id, tenant_id, user_id, kind, subject) values ($1, $2, $3, $4, $5)
     on conflict do nothing returning ${columns}`,
    [wanted.id, wanted.tenantId, wanted.userId, wanted.kind, wanted.subject],
  );
  const [made] = rows;
  if (!made) throw new Failure('identity.export_under_way', 'This is being exported already.');
  return toExport(made);
}

/** An export as its workflow names it. */
export interface OfExport {
  tenantId: string;
  exportId: string;
}

/** An export that is under way, with who is looked for, sealed; null when it is not (any more). */
export async function exportUnderWay(
  sql: Sql,
  { tenantId, exportId }: OfExport,
): Promise<{ kind: ExportKind; subject: string | null; askedAt: Date } | null> {
  const [row] = await sql<{ kind: ExportKind; subject: string | null; askedAt: string }>(
    `select kind, subject, created_at as "askedAt" from identity.exports
     where tenant_id = $1 and id = $2 and state = 'running' and deleted_at is null`,
    [tenantId, exportId],
  );
  return row ? { ...row, askedAt: new Date(row.askedAt) } : null;
}

const moves = {
  start: { to: 'running', from: ['submitted'], set: '', event: 'started' },
  complete: {
    to: 'completed',
    from: ['running'],
    set: `, archive = $5, subject = null, finished_at = now(), expires_at = now() + make_interval(days => ${exportLifetimeDays})`,
    event: 'completed',
  },
  fail: {
    to: 'failed',
    from: ['submitted', 'running'],
    set: ', problem = $5, subject = null, finished_at = now()',
    event: 'failed',
  },
  expire: { to: 'expired', from: ['completed'], set: ', archive = null', event: 'expired' },
} as const;

/**
 * Moves an export on, if it is where it can be moved on from and its owner has not deleted it. Gives whether it was.
 *
 * @param value to `complete` it the archive as JSON, to `fail` it the code
 */
export async function moveExport(
  { sql, publish }: Transaction,
  { tenantId, exportId }: OfExport,
  move: keyof typeof moves,
  data: Record<string, unknown> = {},
  value: string | null = null,
): Promise<boolean> {
  const { to, from, set, event } = moves[move];
  const [moved] = await sql<{ kind: ExportKind; userId: string }>(
    `update identity.exports set state = $3 ${set}
     where tenant_id = $1 and id = $2 and state = any($4::text[]) and deleted_at is null
     returning kind, user_id as "userId"`,
    [tenantId, exportId, to, from, ...(value === null ? [] : [value])],
  );
  if (!moved) return false;
  const { kind, userId } = moved;
  const about = { tenantId, subject: `export:${exportId}` };
  await publish({ ...about, type: `identity.export_${event}`, data: { kind, ...data } });
  if (move === 'complete') {
    const notice = { user_id: userId, notice: 'export_completed' };
    await publish({ ...about, type: 'identity.security_notice', data: notice });
  }
  return true;
}

/** Exports whose archives are over, the oldest first. */
export async function expiredExports(sql: Sql, limit: number): Promise<OfExport[]> {
  return await sql<OfExport>(
    `select tenant_id as "tenantId", id as "exportId" from identity.exports
     where state = 'completed' and expires_at <= now() and deleted_at is null order by expires_at limit $1`,
    [limit],
  );
}

/** Deletes the exports of an account that is erased: they are of its person. */
export async function removeExportsOfAccount({ sql, publish }: Transaction, userId: string): Promise<void> {
  const rows = await sql<{ id: string; tenantId: string }>(
    `update identity.exports set deleted_at = now()
     where user_id = $1 and kind = 'account' and deleted_at is null returning id, tenant_id as "tenantId"`,
    [userId],
  );
  await publish(
    ...rows.map(({ id, tenantId }) => ({
      type: 'identity.export_deleted',
      tenantId,
      subject: `export:${id}`,
      data: {},
      actorId: userId,
    })),
  );
}

function toExport(row: ExportRow): Export {
  const moment = (text: string | null): Date | null => (text === null ? null : new Date(text));
  return {
    ...row,
    createdAt: new Date(row.createdAt),
    finishedAt: moment(row.finishedAt),
    expiresAt: moment(row.expiresAt),
  };
}

function found([one]: Export[]): Export {
  if (!one) throw new Failure('identity.export_not_found', 'There is no such export.');
  return one;
}
