import type { ExportedFile } from '../exported-file.ts';

const byId = (table: string) => [{ of: `${table}.id`, type: 'uuid' }] as const;

const keyColumns =
  'k.id, k.user_id, k.name, k.hint, k.scopes, k.created_at, k.expires_at, k.last_used_at, k.revoked_at';

const exportColumns = 'x.id, x.kind, x.state, x.user_id, x.created_at, x.finished_at, x.expires_at';

const ofOrganisation: readonly Omit<ExportedFile, 'kinds'>[] = [
  {
    name: 'organisation',
    about: 'The organisation.',
    select: 'o.id, o.name, o.plan, o.version, o.created_at, o.updated_at',
    from: 'from identity.organisations o where o.id = $1',
    key: byId('o'),
  },
  {
    name: 'members',
    about: 'Its members. What is only about their accounts, they export themselves.',
    select: 'u.id as user_id, u.email, u.name, u.profile, m.role, m.created_at as member_since',
    from: 'from identity.memberships m join identity.users u on u.id = m.user_id where m.tenant_id = $1',
    key: byId('u'),
  },
  {
    name: 'invitations',
    about: 'Invitations to join it.',
    select: 'i.id, i.email, i.role, i.invited_by, i.created_at, i.expires_at, i.accepted_at, i.revoked_at',
    from: 'from identity.invitations i where i.tenant_id = $1',
    key: byId('i'),
  },
  {
    name: 'api-keys',
    about: 'Its API keys, without their secrets, which are not kept.',
    select: keyColumns,
    from: 'from identity.api_keys k where k.tenant_id = $1',
    key: byId('k'),
  },
  {
    name: 'exports',
    about: 'Exports that were asked for.',
    select: exportColumns,
    from: `from identity.exports x where x.tenant_id = $1 and x.kind <> 'account'`,
    key: byId('x'),
  },
];

const ofAccount: readonly Omit<ExportedFile, 'kinds'>[] = [
  {
    name: 'account',
    about: 'Your account.',
    select:
      'u.id, u.email, u.name, u.profile, u.preferences, u.version, u.created_at, u.updated_at, u.deletion_due_at',
    from: 'from identity.users u where $1::uuid is not null and u.id = $2',
    key: byId('u'),
  },
  {
    name: 'memberships',
    about: 'The organisations that you belong to.',
    select: 'o.id as organisation_id, o.name, m.role, m.created_at as member_since',
    from: `from identity.memberships m join identity.organisations o on o.id = m.tenant_id
      where $1::uuid is not null and m.user_id = $2`,
    key: byId('o'),
  },
  {
    name: 'sessions',
    about: 'Your log-ins, with the address and the program that each came from.',
    select: `s.id, s.tenant_id as organisation_id, s.created_at, s.last_used_at, s.expires_at, s.ended_at, s.end_reason,
      s.address, s.user_agent`,
    from: 'from identity.sessions s where $1::uuid is not null and s.user_id = $2',
    key: byId('s'),
  },
  {
    name: 'own-api-keys',
    about: 'API keys that you have made, without their secrets, which are not kept.',
    select: `k.tenant_id as organisation_id, ${keyColumns}`,
    from: 'from identity.api_keys k where $1::uuid is not null and k.user_id = $2',
    key: byId('k'),
  },
  {
    name: 'email-links',
    about: 'Links that were mailed to you, to set a new password or to change your address.',
    select: 'l.id, l.purpose, l.email, l.previous_email, l.created_at, l.expires_at, l.used_at',
    from: 'from identity.email_links l where $1::uuid is not null and l.user_id = $2',
    key: byId('l'),
  },
  {
    name: 'received-invitations',
    about: 'Invitations that were sent to your address.',
    select:
      'i.id, i.tenant_id as organisation_id, i.email, i.role, i.created_at, i.expires_at, i.accepted_at',
    from: `from identity.invitations i join identity.users u on u.email = i.email
      where $1::uuid is not null and u.id = $2`,
    key: byId('i'),
  },
  {
    name: 'own-exports',
    about: 'Exports of your account that you have asked for.',
    select: exportColumns,
    from: `from identity.exports x where $1::uuid is not null and x.user_id = $2 and x.kind = 'account'`,
    key: byId('x'),
  },
];

/** What identity gives to an export: never a hash, a key or a token. */
export const identityExport: readonly ExportedFile[] = [
  ...ofOrganisation.map((file) => ({ ...file, kinds: ['organisation'] as const })),
  ...ofAccount.map((file) => ({ ...file, kinds: ['account'] as const })),
];
