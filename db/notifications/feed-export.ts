import type { ExportedFile } from '../exported-file.ts';

const about = 'What people were told inside the application, and when they have read it.';

const select = `i.id, i.user_id, i.sequence, i.notification_id, i.category, i.type, i.title, i.body, i.data, i.link,
  i.severity, i.created_at, i.read_at, i.archived_at`;

/** What feeds give to an export: an organisation's all, a user's own account its own. */
export const feedExport: readonly ExportedFile[] = [
  {
    name: 'feed-items',
    about,
    kinds: ['organisation', 'person'],
    select,
    from: 'from notifications.feed_items i where i.tenant_id = $1',
    key: [
      { of: 'i.user_id', type: 'uuid' },
      { of: 'i.sequence', type: 'bigint' },
    ],
  },
  {
    name: 'feed-items',
    about,
    kinds: ['account'],
    select: `i.tenant_id, ${select}`,
    from: 'from notifications.feed_items i where $1::uuid is not null and i.user_id = $2',
    key: [
      { of: 'i.tenant_id', type: 'uuid' },
      { of: 'i.sequence', type: 'bigint' },
    ],
  },
];
