import type { Database, Transaction } from '../../db/database.ts';
import { peopleOfUsers } from '../../db/identity/mail-facts.ts';
import { appendToFeeds } from '../../db/notifications/feed.repository.ts';
import type { NewFeedItem } from '../../db/notifications/feed-item.ts';
import { addNotices, type AddedNotice, type NewNotice } from '../../db/notifications/notices.ts';
import { PreferencesRepository } from '../../db/notifications/preferences.repository.ts';
import { readDatabaseNow } from '../../db/now.ts';
import type { DomainEvent } from '../../domain/events/event.ts';
import { categoryRules } from '../../domain/notifications/categories.ts';
import { kinds, type NoticeContent } from '../../domain/notifications/notice.ts';
import { planNotice } from '../../domain/notifications/plan.ts';
import { wishesOf } from '../../domain/notifications/preferences.ts';
import type { Composer } from '../../services/notifications/composer.ts';
import { draftOf, type NoticeDraft } from './notice-drafts.ts';

/**
 * Makes notices of what happens in any domain: who is told, on which ways, and when. Idempotent: a notice has a key, and one that is there
 * already adds nothing. It only writes down; what sends may be down without anything being lost.
 */
export function createNoticeConsumer({ database, composer }: { database: Database; composer: Composer }): {
  handle(events: DomainEvent[]): Promise<void>;
} {
  const take = async (event: DomainEvent): Promise<void> => {
    const draft = await draftOf(database, event);
    if (!draft) return;
    const zones = await zonesOf(database, draft);
    const content = await contentOf(composer, event, draft);
    await database.transaction('notifications', async (transaction) => {
      const added = await addNotices(transaction, await plan(transaction, event, draft, zones));
      if (content)
        await appendToFeeds(
          transaction,
          added.flatMap((notice) => itemOf(notice, content)),
        );
    });
  };

  return {
    async handle(events) {
      for (const event of events) await take(event);
    },
  };
}

/** What stands in feeds. Null where nothing does, and where there is nothing to tell any more. */
async function contentOf(
  composer: Composer,
  { tenantId }: DomainEvent,
  { kind, subject, data }: NoticeDraft,
): Promise<NoticeContent | null> {
  const channels: readonly string[] = kinds[kind].channels;
  if (!channels.includes('in_app')) return null;
  return (await composer.compose({ tenantId, kind, userId: null, subject, data }))?.content ?? null;
}

function itemOf(notice: AddedNotice, content: NoticeContent): NewFeedItem[] {
  const { id, tenantId, userId, kind, data, subject, ways } = notice;
  if (userId === null || !ways.some(({ channel }) => channel === 'in_app')) return [];
  const { category, severity } = kinds[kind];
  return [
    {
      notificationId: id,
      tenantId,
      userId,
      category,
      type: kind,
      title: content.subject,
      body: content.paragraphs.join('\n'),
      data: { ...data, about: subject },
      link: content.action ? pathOf(content.action.url) : null,
      severity,
    },
  ];
}

/** Of an address of ours its path; others as they are. */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname.startsWith('/v1/') ? `${pathname}${search}` : url;
}

/** The time zones of those recipients that are users; users that are gone are not among them. */
async function zonesOf(database: Database, { recipients }: NoticeDraft): Promise<Map<string, string | null>> {
  const userIds = recipients.flatMap((one) => ('userId' in one ? [one.userId] : []));
  if (userIds.length === 0) return new Map();
  const people = await database.read('identity', ({ sql }) => peopleOfUsers(sql, userIds));
  return new Map(people.map(({ userId, timeZone }) => [userId, timeZone]));
}

async function plan(
  { sql }: Pick<Transaction, 'sql'>,
  event: DomainEvent,
  draft: NoticeDraft,
  zones: ReadonlyMap<string, string | null>,
): Promise<NewNotice[]> {
  const preferences = new PreferencesRepository(sql, event.tenantId);
  const { settings: organisation } = await preferences.ofOrganisation();
  const { settings: personal } = await preferences.ofUsers([...zones.keys()]);
  const now = await readDatabaseNow(sql);
  const { category, channels } = kinds[draft.kind];
  const notice = {
    category,
    critical: draft.urgent ?? categoryRules[category].critical,
    channels,
  };
  return draft.recipients.flatMap((recipient): NewNotice[] => {
    const userId = 'userId' in recipient ? recipient.userId : null;
    if (userId !== null && !zones.has(userId)) return [];
    const wishes = wishesOf(
      userId === null ? null : (personal.get(userId) ?? null),
      organisation,
      userId === null ? null : (zones.get(userId) ?? null),
    );
    const ways = planNotice(notice, wishes, now);
    if (ways.length === 0) return [];
    return [
      {
        tenantId: event.tenantId,
        recipient: 'userId' in recipient ? `user:${recipient.userId}` : recipient.other,
        userId,
        key: draft.key,
        kind: draft.kind,
        critical: notice.critical,
        subject: draft.subject,
        data: draft.data,
        eventId: event.id,
        occurredAt: event.occurredAt,
        ways,
      },
    ];
  });
}
