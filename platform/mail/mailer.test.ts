import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import type { MailOutcome } from '../../domain/notifications/mail-outcome.ts';
import { renderMail } from './layout.ts';
import { createMailer } from './mailer.ts';

describe('The mailer', () => {
  let server: SMTPServer;
  let received: string[];
  let senders: string[];
  let recipients: string[][];
  let url: string;
  let send: (to: string, subject?: string) => Promise<MailOutcome>;
  beforeEach(async () => {
    received = [];
    senders = [];
    recipients = [];
    server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      closeTimeout: 100,
      onRcptTo: ({ address }, _session, answer) => {
        const [, code, enhanced = ''] = /^(\d{3})\.?([\d.]*)@/.exec(address) ?? [];
        answer(
          code
            ? Object.assign(new Error(`${enhanced} nothing for <${address}>`.trim()), {
                responseCode: Number(code),
              })
            : null,
        );
      },
      onData: (stream, session, answer) => {
        text(stream).then((mail) => {
          received.push(mail);
          const { mailFrom, rcptTo } = session.envelope;
          senders.push(mailFrom ? mailFrom.address : '');
          recipients.push(rcptTo.map(({ address }) => address));
          const [{ address } = { address: '' }] = session.envelope.rcptTo;
          if (address.startsWith('late@'))
            answer(Object.assign(new Error('5.6.0 not this'), { responseCode: 554 }));
          else answer();
        }, answer);
      },
    });
    server.on('error', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.server.address() as AddressInfo;
    url = `smtp://127.0.0.1:${port}`;
    const mailer = createMailer({ SMTP_URL: url, MAIL_FROM: 'Perdure <no-reply@perdure.example>' });
    send = (to, subject = 'Hello') => mailer.send({ to, id: 'mail-1', subject, text: 'a', html: '<p>a</p>' });
  });
  afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

  it('tells what has become of a mail by the class of the answer, and repeats no address', async () => {
    assert.deepEqual(await send('ada@example.com'), {
      kind: 'sent',
      status: 250,
      answer: '250 OK: message queued',
    });
    assert.deepEqual(await send('450@example.com'), {
      kind: 'deferred',
      status: 450,
      answer: '450 nothing for <address>',
    });
    assert.deepEqual(await send('550@example.com'), {
      kind: 'refused',
      status: 550,
      answer: '550 nothing for <address>',
      mailbox: true,
    });
    assert.equal(received.length, 1);
  });

  it('gives up what is no address, as no other time will make it one', async () => {
    for (const to of ['', 'ada@example.com>\r\nRCPT TO:<bob@example.com'])
      assert.deepEqual(await send(to), {
        kind: 'refused',
        status: null,
        answer: 'It is no address that mails go to.',
        mailbox: true,
      });
    assert.deepEqual(received, []);
  });

  it('knows whether a refusal speaks of the mailbox', async () => {
    for (const [to, mailbox] of [
      ['550.5.1.1@example.com', true],
      ['552.5.2.2@example.com', true],
      ['550.5.7.1@example.com', false],
      ['late@example.com', false],
    ] as const) {
      const outcome = await send(to);
      assert.ok(outcome.kind === 'refused', to);
      assert.equal(outcome.mailbox, mailbox, to);
    }
  });

  it('does not know what has become of a mail that was handed over whole and never answered', async () => {
    const silent = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('220 here\r\n');
      let mail: string | null = null;
      socket.on('data', (data) => {
        const said = data.toString();
        if (mail === null) {
          if (said.startsWith('DATA')) mail = '';
          socket.write(mail === null ? '250 yes\r\n' : '354 go on\r\n');
          return;
        }
        mail += said;
        if (mail.endsWith('\r\n.\r\n')) socket.destroy();
      });
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = silent.address() as AddressInfo;
      const mailer = createMailer({
        SMTP_URL: `smtp://127.0.0.1:${port}`,
        MAIL_FROM: 'no-reply@perdure.example',
      });
      const mail = { to: 'ada@example.com', id: 'mail-3', subject: 'a', text: 'a', html: 'a' };
      assert.equal((await mailer.send(mail)).kind, 'unknown');
    } finally {
      await new Promise((resolve) => silent.close(resolve));
    }
  });

  it('knows that nothing was taken where the server cannot be reached', async () => {
    const nowhere = createMailer({ SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'no-reply@perdure.example' });
    const mail = { to: 'ada@example.com', id: 'mail-2', subject: 'a', text: 'a', html: 'a' };
    assert.equal((await nowhere.send(mail)).kind, 'unreachable');
  });

  it('bears the name of a mail in its Message-ID and its envelope, and has the server know where reports go', async () => {
    await send('ada@example.com');
    assert.match(received[0] ?? '', /^Message-ID: <mail-1@perdure\.example>\r$/m);
    assert.deepEqual(senders, ['no-reply@perdure.example']);
    const mailer = createMailer({
      SMTP_URL: url,
      MAIL_FROM: 'Perdure <no-reply@perdure.example>',
      MAIL_RETURN_PATH: 'bounces@mail.perdure.example',
    });
    const mail = { to: 'ada@example.com', id: 'mail-2', subject: 'a', text: 'a', html: 'a' };
    assert.equal((await mailer.send(mail)).kind, 'sent');
    assert.equal(senders[1], 'bounces+mail-2@mail.perdure.example');
    assert.match(received[1] ?? '', /^From: Perdure <no-reply@perdure\.example>\r$/m);
    const two = await mailer.send({ ...mail, to: 'ada@example.com, eve@example.com' }).catch(() => null);
    assert.ok(two === null || recipients.every((all) => all.length === 1), 'an address is one');
  });

  it('lets no subject and no address add a header, a recipient or a line', async () => {
    await send('ada@example.com', 'Hello\r\nBcc: eve@example.com\r\n\r\nAnother body');
    const [headers = ''] = (received[0] ?? '').split('\r\n\r\n');
    assert.doesNotMatch(headers, /^Bcc:/im);
    assert.match(headers, /^Subject: Hello Bcc: eve/m);
    for (const to of ['ada@example.com\r\nBcc: eve@example.com', 'ada@example.com, eve@example.com']) {
      received = [];
      await send(to);
      for (const mail of received) assert.doesNotMatch(mail, /^(?:Bcc|To):.*\beve@example\.com>?$/im, to);
    }
  });
});

describe('The layout of mails', () => {
  const hostile = '<script>alert("1")</script>&';
  const mail = renderMail({
    subject: hostile,
    paragraphs: [hostile, 'one\ntwo'],
    items: [{ title: hostile, text: hostile, url: 'https://example.com/?a="&b' }],
    action: { label: hostile, url: 'https://example.com/"onclick="x' },
    footer: hostile,
    unsubscribe: { label: hostile, url: 'https://example.com/u' },
  });

  it('takes nothing of what it is given for markup', () => {
    assert.doesNotMatch(mail.html, /<script|"onclick|alert\("/);
    assert.equal(mail.html.split('&lt;script&gt;').length - 1, 7);
  });

  it('says the same as text, line by line', () => {
    for (const told of ['one\ntwo', `* ${hostile}`, 'https://example.com/u', 'https://example.com/?a="&b'])
      assert.ok(mail.text.includes(told), told);
  });
});
