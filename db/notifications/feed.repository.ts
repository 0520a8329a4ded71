import { Failure } from '../../domain/failure.ts';
import { manyUuids } from '../../platform/uuid.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import { feedItemColumns, type FeedItem, type NewFeedItem } from './feed-item.ts';

/** The channel on which the API is told of feeds that have changed: `tenant/user`, several in a notice. */
export const feedChannel = 'perdure_feeds';

/** A feed's name in notices. */
export function feedKey(tenantId: string, userId: string): string {
  return `${tenantId}/${userId}`;
}

/**
 * Puts items into feeds, of one user or of many, in the caller's transaction. A notification that is in a feed already is
 * passed over, so it may be repeated. Whoever follows a feed hears of it after the commit.
 *
 * The feeds stay locked until the transaction ends, in the order of their names: do it last.
 *
 * @returns how many were new
 */
export async function appendToFeeds(
  { sql, wake }: Pick<Transaction, 'sql' | 'wake'>,
  items: readonly NewFeedItem[],
): Promise<number> {
  if (items.length === 0) return 0;
  await lockFeeds(sql, items);
  const rows = await sql<{ tenantId: string; userId: string; added: number }>(
    `with given as (
       select distinct on (tenant_id, user_id, notification_id) * from jsonb_to_recordset($1::jsonb) as given
         (id uuid, tenant_id uuid, user_id uuid, notification_id uuid, category text, type text, title text, body text,
          data jsonb, link text, severity text, ordinal integer)
       where not exists (
         select 1 from notifications.feed_items i where i.tenant_id = given.tenant_id and i.user_id = given.user_id
           and i.notification_id = given.notification_id)
       order by tenant_id, user_id, notification_id, ordinal
     ), added as (
       insert into notifications.feed_items (id, tenant_id, user_id, sequence, notification_id, category, type, title, body,
         data, link, severity)
       select g.id, g.tenant_id, g.user_id,
         f.sequence + row_number() over (partition by g.tenant_id, g.user_id order by g.ordinal),
         g.notification_id, g.category, g.type, g.title, g.body, g.data, g.link, g.severity
       from given g join notifications.feeds f on f.tenant_id = g.tenant_id and f.user_id = g.user_id
       returning tenant_id, user_id
     ), counted as (
       select tenant_id, user_id, count(*)::integer as added from added group by tenant_id, user_id
     )
     update notifications.feeds f set sequence = f.sequence + c.added, unread = f.unread + c.added
     from counted c where f.tenant_id = c.tenant_id and f.user_id = c.user_id
     returning f.tenant_id as "tenantId", f.user_id as "userId", c.added`,
    [itemsJson(items)],
  );
  wake(feedChannel, ...rows.map(({ tenantId, userId }) => feedKey(tenantId, userId)));
  return rows.reduce((sum, { added }) => sum + added, 0);
}

function itemsJson(items: readonly NewFeedItem[]): string {
  return JSON.stringify(
    items.map(({ tenantId, userId, notificationId, ...rest }, ordinal) => ({
      ...rest,
      id: manyUuids(),
      tenant_id: tenantId,
      user_id: userId,
      notification_id: notificationId,
      ordinal,
    })),
  );
}

/** Whoever changes a feed holds its row first: so its changes are numbered in the order of their commits. */
async function lockFeeds(sql: Sql, feeds: readonly { tenantId: string; userId: string }[]): Promise<void> {
  const parameters = [feeds.map(({ tenantId }) => tenantId), feeds.map(({ userId }) => userId)];
  await sql(
    `insert into notifications.feeds (tenant_id, user_id)
     select distinct * from unnest($1::uuid[], $2::uuid[]) as given (tenant_id, user_id) order by 1, 2
     on conflict do nothing`,
    parameters,
  );
  await sql(
    `select 1 from notifications.feeds
     where (tenant_id, user_id) in (select * from unnest($1::uuid[], $2::uuid[]))
     order by tenant_id, user_id for no key update`,
    parameters,
  );
}

export interface FeedFilter {
  unread?: boolean | undefined;
  /** Those in the archive, or those that are not. Null: both. */
  archived: boolean | null;
  category?: string | undefined;
}

/** One user's feed in one organisation. */
export class FeedRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;
  readonly #userId: string;

  constructor(sql: Sql, tenantId: string, userId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
    this.#userId = userId;
  }

  /** @throws Failure `notifications.notification_not_found`, also for another user's */
  async get(id: string): Promise<FeedItem> {
    const [item] = await this.#select('and i.id = $3', [id]);
    if (!item) throw new Failure('notifications.notification_not_found', 'There is no such notification.');
    return item;
  }

  /** Newest first, those before a place. */
  async list(filter: FeedFilter, limit: number, before: number | null): Promise<FeedItem[]> {
    const conditions = [
      filter.unread === undefined ? '' : `and i.read_at is ${filter.unread ? '' : 'not'} null`,
      filter.archived === null ? '' : `and i.archived_at is ${filter.archived ? 'not' : ''} null`,
      filter.category === undefined ? '' : 'and i.category = $5',
    ];
    return await this.#select(
      `${conditions.join(' ')} and ($3::bigint is null or i.sequence < $3) order by i.sequence desc limit $4`,
      [before, limit, ...(filter.category === undefined ? [] : [filter.category])],
    );
  }

  /** How many items are unread, and the number of the feed's last change. */
  async count(): Promise<{ unread: number; sequence: number }> {
    const [row] = await this.#sql<{ unread: number; sequence: number }>(
      `select unread, sequence::float8 as sequence from notifications.feeds where tenant_id = $1 and user_id = $2`,
      [this.#tenantId, this.#userId],
    );
    return row ?? { unread: 0, sequence: 0 };
  }

  async #select(rest: string, parameters: unknown[]): Promise<FeedItem[]> {
    return await this.#sql<FeedItem>(
      `select ${feedItemColumns} from notifications.feed_items i where i.tenant_id = $1 and i.user_id = $2 ${rest}`,
      [this.#tenantId, this.#userId, ...parameters],
    );
  }
}
