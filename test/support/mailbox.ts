import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startMailSink } from '../../platform/local/mail-sink.ts';
import { listMails, readMail, type Mail } from '../../platform/local/mailbox.ts';
import { runFolder } from './run.ts';

export interface TestMailbox {
  url: string;
  folder: string;
  /** The next mail to an address that was not asked for before; waits for it. */
  next(to: string): Promise<Mail>;
  /** How many mails an address has got so far. */
  count(to: string): Promise<number>;
  close(): Promise<void>;
}

/** A real SMTP server that keeps what it gets. */
export async function startMailbox(): Promise<TestMailbox> {
  const folder = await mkdtemp(join(await runFolder(), 'mail-'));
  const sink = await startMailSink({ folder });
  const taken = new Map<string, number>();
  return {
    url: sink.url,
    folder,
    next: async (to) => {
      const already = taken.get(to) ?? 0;
      for (const deadline = Date.now() + 15_000; Date.now() < deadline; await delay(20)) {
        const mails = await listMails(folder, { to, limit: 1_000 });
        const entry = mails.toReversed()[already];
        const mail = entry && (await readMail(folder, entry.id));
        if (!mail) continue;
        taken.set(to, already + 1);
        return mail;
      }
      return assert.fail(`no mail came to ${to}`);
    },
    count: async (to) => (await listMails(folder, { to, limit: 1_000 })).length,
    close: () => sink.stop(),
  };
}

/** The token of the link in a mail. */
export function tokenIn(mail: Mail): string {
  const token = /#([a-z]{2}_[0-9a-f]{32}_[A-Za-z0-9_-]{43})/.exec(mail.text)?.[1];
  assert.ok(token, `no link stands in the mail “${mail.subject}”`);
  return token;
}
