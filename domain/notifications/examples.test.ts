import assert from 'node:assert/strict';
import { renderMail } from '../../platform/mail/layout.ts';
import { categoryRules } from './categories.ts';
import { exampleNotices } from './examples.ts';
import { gatheredMail, mostItems } from './gathered-mail.ts';
import { kinds, type Kind } from './notice.ts';

const examples = Object.entries(exampleNotices('https://perdure.example')) as [
  Kind,
  ReturnType<typeof exampleNotices>[Kind],
][];

describe('What notices say', () => {
  it('is whole in either form: what it is about, what to do, and why one gets it', () => {
    for (const [kind, content] of examples) {
      assert.ok(content.subject.length > 5 && content.subject.length < 80, kind);
      assert.ok(!content.subject.includes('\n'), kind);
      const { text, html } = renderMail(content);
      for (const paragraph of content.paragraphs) assert.ok(text.includes(paragraph), kind);
      assert.ok(text.includes(content.footer) && content.footer.length > 20, kind);
      if (content.action) {
        assert.ok(text.includes(content.action.url), kind);
        assert.ok(html.includes(`href="${content.action.url}"`), kind);
      }
    }
  });

  it('has a link with a secret only in what goes by mail alone', () => {
    for (const [kind, { action }] of examples)
      if (action?.url.includes('/account/')) assert.deepEqual(kinds[kind].channels, ['email'], kind);
  });

  it('gathered, tells all in the order in which it happened, what was taken back too', () => {
    const { 'webhook.message_exhausted': gone, 'webhook.message_recovered': back } =
      exampleNotices('https://perdure.example');
    const mail = gatheredMail(
      'webhook_health',
      [
        { content: gone, occurredAt: new Date('2027-01-10T22:00:00Z') },
        { content: back, occurredAt: new Date('2027-01-11T01:00:00Z') },
      ],
      2,
      'Europe/Warsaw',
    );
    const { subject, text } = renderMail(mail);
    assert.equal(subject, 'Health of webhooks: 2 notices');
    const first = text.indexOf(`10 Jan, 23:00 – ${gone.subject}`);
    assert.ok(first >= 0, text);
    assert.ok(text.indexOf(`11 Jan, 02:00 – ${back.subject}`) > first, text);
  });

  it('gathered, is the notice itself where there is one, and is cut where there are too many', () => {
    const notices = examples.map(([, content]) => ({ content, occurredAt: new Date(0) }));
    const [one] = notices;
    assert.ok(one);
    assert.equal(gatheredMail('batches', [one], 1, 'UTC').subject, one.content.subject);
    const many = Array.from({ length: mostItems }, () => one);
    const mail = gatheredMail('batches', many, mostItems + 7, 'UTC');
    assert.equal(mail.subject, `${categoryRules.batches.title}: ${mostItems + 7} notices`);
    assert.equal(mail.items?.length, mostItems);
    assert.match(mail.footer, /^And 7 more\./);
  });
});
