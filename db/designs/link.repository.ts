import { designLimits } from '../../domain/designs/limits.ts';
import { hashLinkToken } from '../../domain/designs/link-token.ts';
import { Failure } from '../../domain/failure.ts';
import type { Sql } from '../sql.ts';

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

type LinkRow = Omit<Link, 'expiresAt' | 'revokedAt' | 'createdAt'> & {
  expiresAt: string;
  revokedAt: string | null;
  createdAt: string;
};

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
    const rows = await this.#sql<LinkRow>(
      `select ${columns} from designs.links l
       where l.tenant_id = $1 and l.design_id = $2 and ($3::uuid is null or l.id < $3) order by l.id desc limit $4`,
      [this.#tenantId, designId, afterId, limit],
    );
    return rows.map(toLink);
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
    const [row] = await this.#sql<LinkRow>(
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
    if (!row) throw new Error('A link was not kept.');
    return toLink(row);
  }

  /** @returns whether it was good until now @throws Failure `designs.link_not_found` */
  async revoke(designId: string, id: string): Promise<boolean> {
    const [row] = await this.#sql<{ before: string | null }>(
      `update designs.links l set revoked_at = coalesce(l.revoked_at, now())
       from (select id, revoked_at from designs.links where id = $3 for update) old
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
  const [row] = await sql<LinkRow>(
    `select ${columns} from designs.links l join designs.designs d on d.id = l.design_id
     where l.token_hash = $1 and l.revoked_at is null and l.expires_at > now() and d.deleted_at is null`,
    [hashLinkToken(token)],
  );
  return row ? toLink(row) : null;
}

export function linkNotFound(): Failure {
  return new Failure('designs.link_not_found', 'There is no such link, or its time is over.');
}

function toLink(row: LinkRow): Link {
  const { expiresAt, revokedAt, createdAt } = row;
  return {
    ...row,
    expiresAt: new Date(expiresAt),
    revokedAt: revokedAt === null ? null : new Date(revokedAt),
    createdAt: new Date(createdAt),
  };
}
