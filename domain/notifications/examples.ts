import {
  emailChangeMail,
  invitationMail,
  passwordResetMail,
  securityNoticeMail,
  testMail,
  verificationMail,
} from '../identity/mails.ts';
import { orderMail } from '../orders/order-mail.ts';
import { batchEndedMail } from '../search/batch-mail.ts';
import {
  endpointDisabledMail,
  messageExhaustedMail,
  messageRecoveredMail,
} from '../webhooks/endpoint-mail.ts';
import type { Kind, NoticeContent } from './notice.ts';

const id = '01989b2e-0000-7000-8000-000000000001';
const origin = 'https://hooks.example.com';
const message = { endpointId: id, origin, description: 'Shop', messageType: 'batch.completed' };

/** Every kind of notice in its own words, of people and things that do not exist: to look at, and for tests of how it reads. */
export function exampleNotices(publicUrl: string): Readonly<Record<Kind, NoticeContent>> {
  const link = (page: string): string => `${publicUrl}/account/${page}#example`;
  return {
    'account.verification': verificationMail(link('verify')),
    'account.password_reset': passwordResetMail(link('reset')),
    'account.email_change': emailChangeMail(link('confirm-email')),
    'account.invitation': invitationMail(link('join'), 'Analytical Engines', 'Ada Lovelace', 'member'),
    'account.test': testMail(),
    'security.notice': securityNoticeMail('password_changed'),
    'batch.ended': batchEndedMail(
      {
        id,
        name: 'spring people.csv',
        phase: 'completed',
        rows: { found: 812, not_found: 171, failed: 2, skipped: 15 },
        cost: '40.60 EUR',
        problem: null,
      },
      publicUrl,
    ),
    'webhook.endpoint_disabled': endpointDisabledMail(
      { id, origin, description: 'Shop', reason: 'failing' },
      publicUrl,
    ),
    'webhook.message_exhausted': messageExhaustedMail(message, publicUrl),
    'webhook.message_recovered': messageRecoveredMail(message, publicUrl),
    'order.notice': orderMail('shipped', {
      number: 'A-1042',
      lines: [{ title: 'Mug “Difference”', quantity: 2, missing: false }],
      packages: [
        {
          carrier: 'UPS',
          trackingNumber: '1Z12345E1512345676',
          trackingUrl: 'https://track.example.com/1Z12345E1512345676',
        },
      ],
      deadline: null,
    }),
  };
}
