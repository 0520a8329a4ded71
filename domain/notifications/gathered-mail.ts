import { categoryRules, type Category } from './categories.ts';
import { inWords } from './local-time.ts';
import type { NoticeContent } from './notice.ts';

/** A notice as it stands in a mail of several. */
export interface GatheredNotice {
  content: NoticeContent;
  occurredAt: Date;
}

export interface MailItem {
  title: string;
  text: string;
  url?: string;
}

/** What a mail says, of one notice or of many. */
export interface NoticeMail extends NoticeContent {
  items?: readonly MailItem[];
}

/** Most notices that one mail tells in full. */
export const mostItems = 50;

/**
 * The mail for notices that have waited together, in the order in which they happened: what came and what took it back stand in it
 * both. One alone is a mail of its own.
 *
 * @param waiting how many there are; more than those that are given
 * @param zone in which its reader reads times
 */
export function gatheredMail(
  category: Category,
  notices: readonly GatheredNotice[],
  waiting: number,
  zone: string,
): NoticeMail {
  const [first] = notices;
  if (!first) throw new Error('There is nothing to tell.');
  if (notices.length === 1 && waiting === 1) return first.content;
  const told = notices.slice(0, mostItems);
  const untold = waiting - told.length;
  const { title } = categoryRules[category];
  return {
    subject: `${title}: ${waiting} notices`,
    paragraphs: [`What has happened since the last mail, ${zone} time:`],
    items: told.map(({ content, occurredAt }) => ({
      title: `${inWords(zone, occurredAt)} – ${content.subject}`,
      text: content.paragraphs.join('\n'),
      ...(content.action ? { url: content.action.url } : {}),
    })),
    footer: [untold > 0 ? `And ${untold} more.` : '', first.content.footer].filter(Boolean).join(' '),
  };
}
