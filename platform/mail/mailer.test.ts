import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { createMailer } from './mailer.ts';

describe('The mailer', () => {
  let server: SMTPServer;
  let received: string[];
  let logged: object[];
  let send: (to: string, subject?: string) => Promise<void>;
  beforeEach(async () => {
    received = [];
    logged = [];
    server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      onRcptTo: ({ address }, _session, answer) => {
        const [, code] = /^(\d{3})@/.exec(address) ?? [];
        answer(code ? Object.assign(new Error(`no ${address}`), { responseCode: Number(code) }) : null);
      },
      onData: (stream, _session, answer) => {
        text(stream).then((mail) => {
          received.push(mail);
          answer();
        }, answer);
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.server.address() as AddressInfo;
    const mailer = createMailer(
      { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'Perdure <no-reply@perdure.example>' },
      { warn: (facts: object) => void logged.push(facts) } as never,
    );
    send = (to, subject = 'Hello') => mailer.send({ to, id: 'mail-1', subject, text: 'a', html: '<p>a</p>' });
  });
  afterEach(() => new Promise<void>((resolve) => server.close(resolve)));

  it('gives a mail up whose address is refused for good, and says so without the address', async () => {
    await send('550@example.com');
    assert.deepEqual(logged, [{ mail_id: 'mail-1', response: 550 }]);
    assert.deepEqual(received, []);
  });

  it('asks to be called again where the server may take the mail later', async () => {
    await assert.rejects(send('450@example.com'), { code: 'service.unavailable' });
    assert.deepEqual(logged, []);
  });

  it('lets no subject and no address add a header, a recipient or a line', async () => {
    await send('ada@example.com', 'Hello\r\nBcc: eve@example.com\r\n\r\nAnother body');
    const [headers = ''] = (received[0] ?? '').split('\r\n\r\n');
    assert.doesNotMatch(headers, /^Bcc:/im);
    assert.match(headers, /^Subject: Hello Bcc: eve/m);
    for (const to of ['ada@example.com\r\nBcc: eve@example.com', 'ada@example.com, eve@example.com']) {
      received = [];
      await send(to).catch(() => undefined);
      for (const mail of received) assert.doesNotMatch(mail, /^(?:Bcc|To):.*\beve@example\.com>?$/im, to);
    }
  });
});
