import type { ReadingRules, SourceKind, Verifier } from '../../domain/webhooks/inbound/source.ts';
import { Failure } from '../../domain/failure.ts';
import { lockName } from '../lock-name.ts';
import type { Sql } from '../sql.ts';

/** A source as it is stored: its secrets and credentials are sealed. */
export interface StoredSource {
  id: string;
  tenantId: string;
  kind: SourceKind;
  name: string;
  account: string | null;
  state: 'active' | 'paused';
  verifier: Verifier | null;
  reading: ReadingRules;
  holdUnknown: boolean;
  secrets: string;
  secretFingerprints: string[];
  credentials: string | null;
  reconciledUntil: string | null;
  reconcileDueAt: string | null;
  reconcileError: string | null;
  version: number;
  createdAt: string;
  updatedAt: string;
}

/** A source as its owner sees it. */
export interface OwnedSource extends StoredSource {
  /** Whether a request to the address that all sources of its kind share is tried on it too. */
  isAmongShared: boolean;
}

/** On so many sources one request to a shared address is tried. Those beyond, which are the newest, have their own alone. */
export const mostCandidates = 100;

export type NewSource = Pick<
  StoredSource,
  | 'id'
  | 'kind'
  | 'name'
  | 'account'
  | 'verifier'
  | 'reading'
  | 'holdUnknown'
  | 'secrets'
  | 'secretFingerprints'
  | 'credentials'
> & { createdBy: string };

export type SourceChange = Partial<
  Pick<
    StoredSource,
    | 'name'
    | 'state'
    | 'verifier'
    | 'reading'
    | 'holdUnknown'
    | 'secrets'
    | 'secretFingerprints'
    | 'credentials'
  >
>;

export const sourceColumns = `s.id, s.tenant_id as "tenantId", s.kind, s.name, s.account, s.state, s.verifier, s.reading,
  s.hold_unknown as "holdUnknown", s.secrets, s.secret_fingerprints as "secretFingerprints", s.credentials,
  s.reconciled_until as "reconciledUntil", s.reconcile_due_at as "reconcileDueAt", s.reconcile_error as "reconcileError",
  s.version, s.created_at as "createdAt", s.updated_at as "updatedAt"`;

const ownedColumns = `${sourceColumns},
  (select count(*) from (select 1 from webhooks.sources o
     where o.kind = s.kind and o.state <> 'deleted' and (s.kind <> 'shopify' or o.account = s.account)
       and (o.created_at, o.id) < (s.created_at, s.id) limit ${mostCandidates}) as older) < ${mostCandidates}
   as "isAmongShared"`;

export const mostSources = 100;

/** The sources of one tenant. Deleted ones are not there. */
export class SourceRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  async list(limit: number, after: string | null): Promise<OwnedSource[]> {
    return await this.#sql<OwnedSource>(
      `select ${ownedColumns} from webhooks.sources s
       where tenant_id = $1 and state <> 'deleted' and ($2::uuid is null or id < $2) order by id desc limit $3`,
      [this.#tenantId, after, limit],
    );
  }

  /** @throws Failure `webhooks.source_not_found`, also for another tenant's */
  async get(id: string, lock = false): Promise<OwnedSource> {
    const [row] = await this.#sql<OwnedSource>(
      `select ${ownedColumns} from webhooks.sources s
       where tenant_id = $1 and id = $2 and state <> 'deleted' ${lock ? 'for update' : ''}`,
      [this.#tenantId, id],
    );
    if (!row) throw sourceNotFound();
    return row;
  }

  /** @throws Failure `webhooks.source_taken` for a second one of the same account, `webhooks.too_many_sources` */
  async add(source: NewSource): Promise<OwnedSource> {
    // One after the other, so that two can't both be the last.
    await lockName(this.#sql, `webhooks.sources:${this.#tenantId}`);
    const [counted] = await this.#sql<{ count: number }>(
      `select count(*)::int as count from webhooks.sources where tenant_id = $1 and state <> 'deleted'`,
      [this.#tenantId],
    );
    if ((counted?.count ?? 0) >= mostSources) {
      throw new Failure('webhooks.too_many_sources', `An organisation has at most ${mostSources} sources.`);
    }
    const rows = await this.#sql(
      `insert into webhooks.sources (id, tenant_id, kind, name, account, verifier, reading, hold_unknown, secrets,
         secret_fingerprints, credentials, reconciled_until, reconcile_due_at, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, case when $11::text is not null then now() end,
         case when $11::text is not null then now() end, $12)
       on conflict (tenant_id, kind, account) do nothing returning id`,
      [
        source.id,
        this.#tenantId,
        source.kind,
        source.name,
        source.account,
        source.verifier && JSON.stringify(source.verifier),
        JSON.stringify(source.reading),
        source.holdUnknown,
        source.secrets,
        source.secretFingerprints,
        source.credentials,
        source.createdBy,
      ],
    );
    if (rows.length === 0) {
      throw new Failure('webhooks.source_taken', 'There is a source of this account already.');
    }
    return await this.get(source.id);
  }

  /** Changes what is named, of a source that the caller has locked. */
  async change(id: string, change: SourceChange): Promise<OwnedSource> {
    const { verifier, reading, ...plain } = change;
    await this.#sql(
      `update webhooks.sources set
         name = coalesce($3, name), state = coalesce($4, state), verifier = coalesce($5::jsonb, verifier),
         reading = coalesce($6::jsonb, reading), hold_unknown = coalesce($7, hold_unknown),
         secrets = coalesce($8, secrets), secret_fingerprints = coalesce($9::text[], secret_fingerprints),
         credentials = case when $10 then $11 else credentials end,
         reconcile_due_at = case when not $10 then reconcile_due_at when $11::text is null then null else now() end,
         reconciled_until = case when $10 and $11::text is not null then coalesce(reconciled_until, now())
                                 else reconciled_until end,
         version = version + 1, updated_at = now()
       where tenant_id = $1 and id = $2`,
      [
        this.#tenantId,
        id,
        plain.name ?? null,
        plain.state ?? null,
        verifier ? JSON.stringify(verifier) : null,
        reading ? JSON.stringify(reading) : null,
        plain.holdUnknown ?? null,
        plain.secrets ?? null,
        plain.secretFingerprints ?? null,
        plain.credentials !== undefined,
        plain.credentials ?? null,
      ],
    );
    return await this.get(id);
  }

  /** Its secrets go at once; what it has sent is not shown any more, and goes when it is swept. */
  async delete(id: string): Promise<void> {
    await this.#sql(
      `update webhooks.sources set state = 'deleted', name = '', account = null, secrets = '', secret_fingerprints = '{}',
         credentials = null, reconcile_due_at = null, version = version + 1, updated_at = now()
       where tenant_id = $1 and id = $2`,
      [this.#tenantId, id],
    );
  }
}

export function sourceNotFound(): Failure {
  return new Failure('webhooks.source_not_found', 'There is no such source.');
}
