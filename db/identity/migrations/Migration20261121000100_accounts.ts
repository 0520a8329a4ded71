import { Migration } from '@mikro-orm/migrations';

export class Migration20261121000100_accounts extends Migration {
  override up(): void {
    this.addSql(`create table identity.organisations (
      id uuid primary key,
      name text not null,
      plan text not null default 'standard',
      version integer not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz
    )`);
    // An erased user keeps its row, without anything personal, because other domains hold its id.
    this.addSql(`create table identity.users (
      id uuid primary key,
      email text unique,
      password_hash text,
      name text not null,
      profile jsonb not null,
      preferences jsonb not null,
      version integer not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deletion_id uuid,
      deletion_due_at timestamptz,
      erased_at timestamptz,
      check ((erased_at is null) = (email is not null)),
      check ((deletion_id is null) = (deletion_due_at is null))
    )`);
    this.addSql(`create table identity.memberships (
      tenant_id uuid not null references identity.organisations,
      user_id uuid not null references identity.users,
      role text not null check (role in ('owner', 'admin', 'member', 'viewer', 'operator')),
      created_at timestamptz not null default now(),
      primary key (tenant_id, user_id)
    )`);
    this.addSql(`create index memberships_user on identity.memberships (user_id)`);

    this.addSql(`create table identity.sessions (
      id uuid primary key,
      user_id uuid not null references identity.users,
      tenant_id uuid not null references identity.organisations,
      created_at timestamptz not null default now(),
      last_used_at timestamptz not null default now(),
      expires_at timestamptz not null,
      ended_at timestamptz,
      end_reason text,
      address text not null,
      user_agent text not null,
      check ((ended_at is null) = (end_reason is null))
    )`);
    this.addSql(`create index sessions_user on identity.sessions (user_id, id)`);
    this.addSql(`create index sessions_expires_at on identity.sessions (expires_at)`);
    this.addSql(`create table identity.refresh_tokens (
      id uuid primary key,
      session_id uuid not null references identity.sessions on delete cascade,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      used_at timestamptz,
      successor_id uuid,
      check ((used_at is null) = (successor_id is null))
    )`);
    this.addSql(`create index refresh_tokens_session on identity.refresh_tokens (session_id)`);

    this.addSql(`create table identity.api_keys (
      id uuid primary key,
      tenant_id uuid not null references identity.organisations,
      user_id uuid not null references identity.users,
      name text not null,
      hint text not null,
      secret_hash text not null unique,
      scopes text[] not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      last_used_at timestamptz,
      revoked_at timestamptz
    )`);
    this.addSql(`create index api_keys_tenant on identity.api_keys (tenant_id, id)`);

    this.addSql(`create table identity.invitations (
      id uuid primary key,
      tenant_id uuid not null references identity.organisations,
      email text not null,
      role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
      invited_by uuid not null references identity.users,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      accepted_at timestamptz,
      revoked_at timestamptz
    )`);
    this.addSql(`create index invitations_tenant on identity.invitations (tenant_id, id)`);

    // A registration becomes a user only when its link is followed: an address that nobody proved owns nothing.
    this.addSql(`create table identity.registrations (
      id uuid primary key,
      tenant_id uuid not null,
      email text not null,
      name text not null,
      organisation_name text not null,
      profile jsonb not null,
      password_hash text not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      used_at timestamptz
    )`);
    this.addSql(`create index registrations_expires_at on identity.registrations (expires_at)`);
    // A reset that was asked for an unknown address has no user. Its row is written all the same, so that both take
    // the same work.
    this.addSql(`create table identity.email_links (
      id uuid primary key,
      purpose text not null check (purpose in ('password_reset', 'email_change')),
      user_id uuid references identity.users,
      email text not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      used_at timestamptz
    )`);
    this.addSql(`create index email_links_user on identity.email_links (user_id)`);
    this.addSql(`create index email_links_expires_at on identity.email_links (expires_at)`);

    this.addSql(`create table identity.signing_keys (
      id text primary key,
      public_jwk jsonb not null,
      private_box text not null,
      created_at timestamptz not null default now(),
      signs_from timestamptz not null
    )`);
  }
}
