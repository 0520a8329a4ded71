import assert from 'node:assert/strict';
import { readReport, suppressionFor, type ReportMessage } from './mail-report.ts';

const tag = 'a1'.repeat(24);

const status = (...blocks: string[]): ReportMessage => ({
  recipients: [],
  parts: [
    { type: 'text/plain', text: 'Sorry.' },
    {
      type: 'message/delivery-status',
      text: ['Reporting-MTA: dns; mx.example.net', ...blocks].join('\r\n\r\n'),
    },
  ],
});
const recipient = (action: string, code?: string, diagnosis?: string): string =>
  [
    'Final-Recipient: rfc822; ada@example.com',
    `Action: ${action}`,
    ...(code === undefined ? [] : [`Status: ${code}`]),
    ...(diagnosis === undefined ? [] : [`Diagnostic-Code: ${diagnosis}`]),
  ].join('\r\n');
const kindOf = (message: ReportMessage) => readReport(message)?.kind;

describe('Reports of mails', () => {
  it('tell an address that is gone from a mail that only did not arrive', () => {
    for (const [action, code, kind] of [
      ['failed', '5.1.1', 'bounced'],
      ['failed', '5.1.10', 'bounced'],
      ['failed', '5.2.1', 'bounced'],
      ['failed', '5.4.4', 'bounced'],
      ['failed', '5.0.0', 'bounced'],
      ['Failed', '5.1.1 (bad destination mailbox address)', 'bounced'],
      ['failed', '5.3.4', 'failed'],
      ['failed', '5.5.1', 'failed'],
      ['failed', '5.6.0', 'failed'],
      ['failed', '5.7.1', 'failed'],
      ['failed', '4.4.7', 'failed'],
      ['failed', '4.2.2', 'failed'],
      ['failed', '5.1', 'failed'],
      ['failed', '5.1.1111', 'failed'],
      ['failed', 'x', 'failed'],
      ['failed', undefined, 'failed'],
      ['delayed', '4.4.1', 'delayed'],
      ['delayed', '5.1.1', 'delayed'],
      ['relayed', '2.0.0', 'arrived'],
      ['delivered', '2.1.5', 'arrived'],
      ['expanded', '2.0.0', 'arrived'],
    ] as const)
      assert.equal(kindOf(status(recipient(action, code))), kind, `${action} ${code}`);
  });

  it('speak of an address by its best end where it hands mails on to several', () => {
    const gone = recipient('failed', '5.1.1');
    assert.equal(kindOf(status(gone, gone)), 'bounced');
    for (const [other, kind] of [
      [recipient('failed', '5.7.1'), 'failed'],
      [recipient('delayed', '4.4.1'), 'delayed'],
      [recipient('delivered', '2.0.0'), 'arrived'],
    ] as const)
      for (const message of [status(gone, other), status(other, gone)]) assert.equal(kindOf(message), kind);
  });

  it('suppress an address for a bounce and for a complaint, and for nothing else', () => {
    const feedback = (type: string): ReportMessage => ({
      recipients: [],
      parts: [{ type: 'message/feedback-report', text: `Feedback-Type: ${type}\nVersion: 1\n` }],
    });
    assert.equal(kindOf(feedback('abuse')), 'complaint');
    for (const type of ['not-spam', 'fraud', 'virus', 'other', 'auth-failure', 'new-one'])
      assert.equal(kindOf(feedback(type)), 'feedback', type);
    assert.equal(suppressionFor('bounced'), 'bounce');
    assert.equal(suppressionFor('complaint'), 'complaint');
    for (const kind of ['failed', 'delayed', 'arrived', 'feedback'] as const)
      assert.equal(suppressionFor(kind), null);
  });

  it('keep what was said, over folded lines and without addresses', () => {
    const said =
      'smtp; 550 5.1.1 <ada@example.com>:\r\n    Recipient address\r\n\trejected (ada@example.com)';
    const report = readReport(status(recipient('failed', '5.1.1', said)));
    assert.equal(report?.status, '5.1.1');
    assert.equal(report.detail, 'smtp; 550 5.1.1 <address>: Recipient address rejected (<address>)');
    const long = readReport(status(recipient('failed', '5.1.1', `${'a'.repeat(1_995)} b@example.com`)));
    assert.doesNotMatch(long?.detail ?? '', /@/);
    assert.ok((long?.detail ?? '').length <= 300);
  });

  it('name their mail in each of the places where they may', () => {
    const base = status(recipient('failed', '5.1.1'));
    const named = (message: ReportMessage) => readReport(message)?.names;
    assert.deepEqual(named(base), []);
    assert.deepEqual(named({ ...base, recipients: [`Bounces <bounces+${tag}@example.com>`] }), [tag]);
    const returned = (type: string, text: string): ReportMessage => ({
      ...base,
      parts: [...base.parts, { type, text }],
    });
    for (const type of ['message/rfc822', 'text/rfc822-headers']) {
      const headers = `Received: x\r\nMessage-ID:\r\n <${tag}@perdure.example>\r\nTo: a`;
      assert.deepEqual(named(returned(type, headers)), [tag]);
      assert.deepEqual(named(returned(type, `Return-Path: <b+${tag}@example.com>\r\nTo: a`)), [tag]);
      assert.deepEqual(
        named(returned(type, `To: a\r\n\r\nMessage-ID: <${tag}@perdure.example>`)),
        [],
        'its text',
      );
      assert.deepEqual(named(returned(type, `In-Reply-To: <${tag}@perdure.example>`)), [], 'an answer to it');
    }
    assert.deepEqual(
      named({
        recipients: [],
        parts: [
          {
            type: 'message/feedback-report',
            text: `Feedback-Type: abuse\nOriginal-Envelope-Id: ${tag}\nOriginal-Mail-From: <b+${tag}@example.com>`,
          },
        ],
      }),
      [tag, tag],
    );
    const [message, ...blocks] = [`X: y\r\nOriginal-Envelope-Id: ${tag}`, recipient('failed', '5.1.1')];
    const parts = [{ type: 'message/delivery-status', text: `\r\n${[message, ...blocks].join('\r\n\r\n')}` }];
    assert.deepEqual(named({ recipients: [], parts }), [tag]);
  });

  it('are no reports without what makes them one', () => {
    for (const message of [
      status(),
      status('Final-Recipient: rfc822; ada@example.com\r\nStatus: 5.1.1'),
      status(recipient('eaten', '5.1.1')),
      { recipients: [], parts: [{ type: 'message/feedback-report', text: 'Version: 1' }] },
      { recipients: [], parts: [{ type: 'message/feedback-report', text: 'Feedback-Type: <script>' }] },
      { recipients: [], parts: [{ type: 'message/rfc822', text: `Message-ID: <${tag}@perdure.example>` }] },
      { recipients: [], parts: [] },
    ])
      assert.equal(readReport(message), null, JSON.stringify(message));
  });
});
