import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport, type Transporter } from 'nodemailer';
import { startMailSink, type MailSink } from './mail-sink.ts';
import { listMails, readMail, readRawMail } from './mailbox.ts';

describe('the local mail sink', () => {
  let folder: string;
  let sink: MailSink;
  let transport: Transporter;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'perdure-mail-')), 'mail');
    sink = await startMailSink({ folder });
    transport = createTransport(sink.url);
  });
  afterEach(async () => {
    transport.close();
    await sink.stop();
    await rm(join(folder, '..'), { recursive: true, force: true });
  });

  function send(to: string, subject: string) {
    return transport.sendMail({
      from: 'Perdure <no-reply@perdure.example>',
      to,
      subject,
      text: `Text of ${subject}`,
      html: `<p>HTML of ${subject}</p>`,
      attachments: [{ filename: 'résumé.csv', content: 'a,b\n' }],
    });
  }

  it('keeps every mail whole, with all its parts readable', async () => {
    await send('ana@example.org', 'Zażółć gęślą jaźń');
    const [entry] = await listMails(folder);
    assert.ok(entry);
    assert.equal(entry.subject, 'Zażółć gęślą jaźń');
    assert.deepEqual(entry.to, ['ana@example.org']);
    const mail = await readMail(folder, entry.id);
    assert.equal(mail?.text.trim(), 'Text of Zażółć gęślą jaźń');
    assert.equal(mail?.html?.trim(), '<p>HTML of Zażółć gęślą jaźń</p>');
    assert.deepEqual(mail?.attachments, [{ fileName: 'résumé.csv', mediaType: 'text/csv', size: 4 }]);
    assert.equal((await readRawMail(folder, entry.id))?.length, entry.size);
  });

  it('lists the newest first, page by page, and by recipient', async () => {
    for (const name of ['one', 'two', 'three']) await send(`${name}@example.org`, name);
    const [newest, second] = await listMails(folder, { limit: 2 });
    assert.deepEqual([newest?.subject, second?.subject], ['three', 'two']);
    const rest = await listMails(folder, { before: second?.id ?? '' });
    assert.deepEqual(
      rest.map(({ subject }) => subject),
      ['one'],
    );
    const toOne = await listMails(folder, { to: 'One@Example.org' });
    assert.deepEqual(
      toOne.map(({ subject }) => subject),
      ['one'],
    );
  });

  it('keeps mails that arrive at once apart, and leaves no half files', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => send(`u${index}@example.org`, `${index}`)));
    const subjects = (await listMails(folder)).map(({ subject }) => Number(subject)).sort((a, b) => a - b);
    assert.deepEqual(subjects, [...Array(20).keys()]);
    assert.equal((await readdir(folder)).length, 40);
  });

  it('finds nothing under an id that is no id', async () => {
    await send('ana@example.org', 'one');
    for (const id of ['../secrets', '', 'x', '00000000-0000-7000-8000-000000000000']) {
      assert.equal(await readMail(folder, id), null);
      assert.equal(await readRawMail(folder, id), null);
    }
    assert.deepEqual(await listMails(join(folder, 'nowhere')), []);
  });
});
