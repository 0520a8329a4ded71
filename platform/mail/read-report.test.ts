import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readReport } from '../../domain/notifications/mail-report.ts';
import { bounceOf, complaintOf } from '../../test/support/mail-reports.ts';
import { readReportMessage } from './read-report.ts';

const mail = 'Message-ID: <m1@perdure.example>\r\nTo: ada@example.com\r\nSubject: Hello\r\n\r\nHello';

describe('Messages that tell of mails', () => {
  const read = async (text: string | Buffer) => await readReportMessage(Buffer.from(text));

  it('are taken apart, with the mail as it has come back', async () => {
    const message = await read(bounceOf(mail, { to: 'b+abc@perdure.example' }));
    assert.deepEqual(message?.recipients, ['b+abc@perdure.example']);
    assert.deepEqual(
      message.parts.map(({ type }) => type),
      ['message/delivery-status', 'message/rfc822'],
    );
    assert.deepEqual(readReport(message)?.names, ['abc', 'm1']);
    const feedback = await read(complaintOf(mail, { returned: 'text/rfc822-headers' }));
    assert.deepEqual(
      feedback?.parts.map(({ type }) => type),
      ['message/feedback-report', 'text/rfc822-headers'],
    );
    assert.equal(feedback && readReport(feedback)?.kind, 'complaint');
  });

  it('may be encoded', async () => {
    const plain = 'Reporting-MTA: dns; mx\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n';
    const encoded = [
      'Content-Type: multipart/report; boundary=b',
      '',
      '--b',
      'Content-Type: message/delivery-status',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(plain).toString('base64'),
      '--b--',
    ].join('\r\n');
    const message = await read(encoded);
    assert.equal(message && readReport(message)?.kind, 'bounced');
  });

  it('are no others: a mail with a report in it, or one that is nested without end', async () => {
    const forwarded = `Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n${bounceOf(mail)}\r\n--m--`;
    let nested = 'Content-Type: text/plain\r\n\r\nx';
    for (let level = 0; level < 30; level += 1)
      nested = `Content-Type: multipart/report; boundary=b${level}\r\n\r\n--b${level}\r\n${nested}\r\n--b${level}--`;
    for (const text of ['', 'x', 'Subject: I am away\r\n\r\nBack on Monday.', forwarded, nested])
      assert.equal(await read(text), null, text.slice(0, 60));
  });

  it('never make more of a message than a report or nothing, whatever is in it', async () => {
    const whole = Buffer.from(bounceOf(mail));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length),
        fc.nat(40),
        fc.uint8Array({ maxLength: 40 }),
        async (place, cut, junk) => {
          const altered = Buffer.concat([whole.subarray(0, place), junk, whole.subarray(place + cut)]);
          const message = await read(altered);
          if (message) readReport(message);
        },
      ),
      { numRuns: 200 },
    );
  });
});
