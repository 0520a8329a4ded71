import type { ExportedFile } from '../exported-file.ts';
import { feedExport } from './feed-export.ts';

const organisation = ['organisation'] as const;
const alsoOfPersons = ['organisation', 'person'] as const;
const nobody = '00000000-0000-0000-0000-000000000001';

/** What notifications gives to an export. */
export const notificationsExport: readonly ExportedFile[] = [
  ...feedExport,
  {
    name: 'preferences',
    about: 'How people wish to be told; the entry without a user is the organisation’s.',
    kinds: organisation,
    select: 'p.user_id, p.settings, p.version, p.updated_at',
    from: 'from notifications.preferences p where p.tenant_id = $1',
    key: [{ of: `coalesce(p.user_id, '${nobody}')`, type: 'uuid' }],
  },
  {
    name: 'own_preferences',
    about: 'How you wish to be told, in each of your organisations.',
    kinds: ['account'],
    select: 'p.tenant_id, p.settings, p.version, p.updated_at',
    from: 'from notifications.preferences p where p.user_id = $2 and $1::uuid is not null',
    key: [{ of: 'p.tenant_id', type: 'uuid' }],
  },
  {
    name: 'notices',
    about: 'What people were told of; what it said is told by what it was about.',
    kinds: organisation,
    select: `n.id, n.recipient, n.user_id, n.kind, n.category, n.critical, n.subject, n.data, n.event_id, n.occurred_at,
      n.created_at`,
    from: 'from notifications.notices n where n.tenant_id = $1',
    key: [{ of: 'n.id', type: 'uuid' }],
  },
  {
    name: 'own_notices',
    about: 'What you were told of.',
    kinds: ['account'],
    select: 'n.id, n.tenant_id, n.kind, n.category, n.critical, n.subject, n.data, n.occurred_at',
    from: 'from notifications.notices n where n.user_id = $2 and $1::uuid is not null',
    key: [{ of: 'n.id', type: 'uuid' }],
  },
  {
    name: 'addresses',
    about: 'Addresses that mails were sent to.',
    kinds: alsoOfPersons,
    select: 'a.id, a.address, a.user_id, a.created_at, a.used_at',
    from: 'from notifications.addresses a where a.tenant_id = $1',
    key: [{ of: 'a.id', type: 'uuid' }],
  },
  {
    name: 'suppressions',
    about: 'Addresses that get no mails, and why.',
    kinds: alsoOfPersons,
    select:
      's.id, s.address_id, a.address, s.category, s.reason, s.detail, s.reported, s.created_by, s.created_at',
    from: `from notifications.suppressions s join notifications.addresses a on a.id = s.address_id
      where s.tenant_id = $1`,
    key: [{ of: 's.id', type: 'uuid' }],
  },
  {
    name: 'deliveries',
    about: 'How each message fared on its channel, with the notices that it told.',
    kinds: alsoOfPersons,
    select: `d.id, d.channel, d.recipient, d.user_id, d.category, d.critical, d.state, d.attempts, d.address_id, a.address,
      d.last_status, d.last_problem, d.created_at, d.due_at, d.ended_at,
      (select json_agg(l.notice_id order by l.notice_id) from notifications.delivery_notices l where l.delivery_id = d.id)
        as notices`,
    from: `from notifications.deliveries d left join notifications.addresses a on a.id = d.address_id
      where d.tenant_id = $1`,
    key: [{ of: 'd.id', type: 'uuid' }],
  },
  {
    name: 'attempts',
    about: 'Each attempt at a mail, with what the mail server has said.',
    kinds: alsoOfPersons,
    select: 'a.id, a.delivery_id, a.number, a.outcome, a.started_at, a.milliseconds, a.status, a.answer',
    from: `from notifications.deliveries d cross join lateral (
        select a.* from notifications.attempts a
        where a.delivery_id = d.id and (a.delivery_id, a.id) > ($4::uuid, $5::uuid) order by a.id limit $3) a
      where d.tenant_id = $1 and d.id >= $4::uuid`,
    key: [
      { of: 'd.id', type: 'uuid' },
      { of: 'a.id', type: 'uuid' },
    ],
  },
  {
    name: 'mail_reports',
    about: 'What was told of mails later: bounces, delays, complaints.',
    kinds: alsoOfPersons,
    select: 'r.id, r.delivery_id, r.kind, r.status, r.detail, r.created_at',
    from: 'from notifications.mail_reports r where r.tenant_id = $1',
    key: [{ of: 'r.id', type: 'uuid' }],
  },
];
