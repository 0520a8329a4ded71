import assert from 'node:assert/strict';
import { noticeOf, notices, orderMail, type NoticedOrder } from './order-mail.ts';

const order: NoticedOrder = {
  number: '7K3-M9Q-X2T',
  lines: [
    { title: 'Mug', quantity: 2, missing: false },
    { title: 'Poster', quantity: 1, missing: true },
  ],
  packages: [{ carrier: 'Post', trackingNumber: 'T1', trackingUrl: 'https://carrier.example/T1' }],
  deadline: new Date('2026-12-01T12:00:00Z'),
};

describe('The mail about an order', () => {
  it('names the order, whatever it tells', () => {
    for (const notice of notices) {
      const { subject, paragraphs } = orderMail(notice, order);
      assert.ok(subject.includes(order.number) && paragraphs[0]?.includes(order.number), notice);
    }
    assert.deepEqual(new Set(Object.values(noticeOf)), new Set(notices));
  });

  it('asks about what is missing alone, and says until when', () => {
    const text = orderMail('action_required', order).paragraphs.join('\n');
    assert.ok(text.includes('Poster') && !text.includes('Mug') && text.includes('01 Dec 2026'));
  });

  it('asks to confirm the payment when nothing is missing', () => {
    const whole = { ...order, lines: order.lines.map((line) => ({ ...line, missing: false })) };
    const { subject, paragraphs } = orderMail('action_required', whole);
    assert.ok(subject.includes('confirm the payment') && paragraphs.join('\n').includes('01 Dec 2026'));
  });

  it('leads to the package that has left', () => {
    const mail = orderMail('shipped', order);
    assert.equal(mail.action?.url, 'https://carrier.example/T1');
    assert.ok(mail.paragraphs.includes('Post knows it as T1.'));
    assert.equal(orderMail('delivered', order).action, undefined);
  });
});
