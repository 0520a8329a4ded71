import { designLimits } from '../../domain/designs/limits.ts';
import { hashLinkToken } from '../../domain/designs/link-token.ts';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';
import { withDates } from '../timestamps.ts';

/** A link by which anybody who has it sees a design. Of its token a hash is kept. */
export interface Link {
  id: string;
  tenantId: string;
  designId: string;
  /** Null: it shows the newest version. */
  version: number | null;
  mayCopy: boolean;
  expiresAt: Date;
  revokedAt: Date | null;
  createdBy: string;
  createdAt: Date;
}

const columns = `l.id, l.tenant_id as "tenantId", l.design_id as "designId", l.version, l.may_copy as "mayCopy",
  l.expires_at as "expiresAt", l.revoked_at as "revokedAt", l.created_by as "createdBy", l.created_at as "createdAt"`;

/** Links to designs of a tenant. The caller has looked whether the design is there. */
export class LinkRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  /** Newest first, also those that are over. */
  async list(designId: string, limit: number, afterId: string | null): Promise<Link[]> {
    const rows = await this.#sql<Link>(
      `select ${columns} from designs.links l
       where l.tenant_id = $1 and l.design_id = $2 and ($3::uuid is null or l.id < $3) order by l.id desc limit $4`,
      [this.#tenantId, designId, afterId, limit],
    );
    return toLinks(rows);
  }

  /** The caller holds the design locked. @throws Failure `designs.too_many_links` */
  async insert(
    link: Pick<Link, 'id' | 'designId' | 'version' | 'mayCopy' | 'expiresAt' | 'createdBy'>,
    token: string,
  ): Promise<Link> {
    const [count] = await this.#sql<{ live: number }>(
      `select count(*)::int as live from designs.links
       where tenant_id = $1 and design_id = $2 and revoked_at is null and expires_at > now()`,
      [this.#tenantId, link.designId],
    );
    if ((count?.live ?? 0) >= designLimits.links)
      throw new Failure(
        'designs.too_many_links',
        `A design has ${designLimits.links} links at most. Revoke one.`,
      );
    const rows = await this.#sql<Link>(
      `insert into designs.links as l (id, tenant_id, design_id, version, may_copy, token_hash, expires_at, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${columns}`,
      [
        link.id,
        this.#tenantId,
        link.designId,
        link.version,
        link.mayCopy,
        hashLinkToken(token),
        link.expiresAt,
        link.createdBy,
      ],
    );
    const [made] = toLinks(rows);
    if (!made) throw new Error('A link was not kept.');
    return made;
  }

  /** @returns whether it was good until now @throws Failure `designs.link_not_found` */
  async revoke(designId: string, id: string): Promise<boolean> {
    const [row] = await this.#sql<{ before: string | null }>(
      `update designs.links l set revoked_at = coalesce(l.revoked_at, now())
       from (select id, revoked_at from designs.links where tenant_id = $1 and id = $3 for update) old
       where l.id = old.id and l.tenant_id = $1 and l.design_id = $2 returning old.revoked_at as before`,
      [this.#tenantId, designId, id],
    );
    if (!row) throw linkNotFound();
    return row.before === null;
  }
}

/**
 * What the holder of a token may see. An unknown token, one that is over and one of a design that is gone all give null: a
 * caller learns nothing by trying.
 */
export async function findLink(sql: Sql, token: string): Promise<Link | null> {
  const rows = await sql<Link>(
    `select ${columns} from designs.links l join designs.designs d on d.id = l.design_id
     where l.token_hash = $1 and l.revoked_at is null and l.expires_at > now() and d.deleted_at is null`,
    [hashLinkToken(token)],
  );
  return toLinks(rows)[0] ?? null;
}

export function linkNotFound(): Failure {
  return new Failure('designs.link_not_found', 'There is no such link, or its time is over.');
}

function toLinks(rows: readonly Link[]): Link[] {
  return withDates(rows, ['expiresAt', 'revokedAt', 'createdAt']);
}
