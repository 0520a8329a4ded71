import { Migration } from '@mikro-orm/migrations';

/** What people are told inside the application. */
export class Migration20261128000200_feeds extends Migration {
  override up(): void {
    // One row a user and organisation: whoever changes the feed holds it, so that changes are numbered in the order of
    // their commits, and nobody who follows them by number misses one. The unread are counted here too.
    this.addSql(`
      create table notifications.feeds (
        tenant_id uuid not null,
        user_id uuid not null,
        sequence bigint not null default 0,
        unread integer not null default 0 check (unread >= 0),
        forgotten bigint not null default 0,
        primary key (tenant_id, user_id)
      ) with (fillfactor = 50)`);

    this.addSql(`
      create table notifications.feed_items (
        id uuid primary key,
        tenant_id uuid not null,
        user_id uuid not null,
        sequence bigint not null,
        notification_id uuid not null,
        category text not null,
        type text not null,
        title text not null,
        body text not null,
        data jsonb not null,
        link text,
        severity text not null check (severity in ('info', 'success', 'warning', 'critical')),
        created_at timestamptz not null default clock_timestamp(),
        read_at timestamptz,
        archived_at timestamptz check (archived_at is null or read_at is not null),
        foreign key (tenant_id, user_id) references notifications.feeds (tenant_id, user_id) on delete cascade,
        unique (tenant_id, user_id, sequence),
        unique (tenant_id, user_id, notification_id)
      )`);
    this.addSql(
      `create index feed_items_category on notifications.feed_items (tenant_id, user_id, category, sequence)`,
    );
    this.addSql(
      `create index feed_items_inbox on notifications.feed_items (tenant_id, user_id, sequence)
       where archived_at is null`,
    );
    this.addSql(
      `create index feed_items_unread on notifications.feed_items (tenant_id, user_id, sequence)
       where read_at is null`,
    );
    this.addSql(`create index feed_items_created_at on notifications.feed_items (created_at)`);

    // What has been done to items. That one was added is told by the item itself, which has its number.
    this.addSql(`
      create table notifications.feed_changes (
        tenant_id uuid not null,
        user_id uuid not null,
        sequence bigint not null,
        kind text not null,
        item_id uuid,
        up_to bigint,
        category text,
        created_at timestamptz not null default now(),
        primary key (tenant_id, user_id, sequence),
        foreign key (tenant_id, user_id) references notifications.feeds (tenant_id, user_id) on delete cascade
      )`);
    this.addSql(`create index feed_changes_created_at on notifications.feed_changes (created_at)`);
  }
}
