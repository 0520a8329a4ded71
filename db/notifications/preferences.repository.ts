import {
  noOrganisationSettings,
  organisationSettings,
  personalSettings,
  type OrganisationSettings,
  type PersonalSettings,
} from '../../domain/notifications/preferences.ts';
import { lockName } from '../lock-name.ts';
import type { Sql } from '../sql.ts';

export interface Stored<T> {
  settings: T;
  /** 0 before anything was said. */
  version: number;
}

interface Row {
  userId: string | null;
  settings: unknown;
  version: number;
}

/** How the people of an organisation wish to be told. */
export class PreferencesRepository {
  readonly #sql: Sql;
  readonly #tenantId: string;

  constructor(sql: Sql, tenantId: string) {
    this.#sql = sql;
    this.#tenantId = tenantId;
  }

  async ofOrganisation(): Promise<Stored<OrganisationSettings>> {
    const [row] = await this.#read([null]);
    return row
      ? { settings: organisationSettings.parse(row.settings), version: row.version }
      : { settings: noOrganisationSettings, version: 0 };
  }

  async ofUser(userId: string): Promise<Stored<PersonalSettings>> {
    const { settings, versions } = await this.ofUsers([userId]);
    return {
      settings: settings.get(userId) ?? personalSettings.parse({}),
      version: versions.get(userId) ?? 0,
    };
  }

  /** What those have said who have said anything. */
  async ofUsers(
    userIds: readonly string[],
  ): Promise<{ settings: Map<string, PersonalSettings>; versions: Map<string, number> }> {
    const rows = await this.#read(userIds);
    return {
      settings: new Map(rows.map((row) => [String(row.userId), personalSettings.parse(row.settings)])),
      versions: new Map(rows.map((row) => [String(row.userId), row.version])),
    };
  }

  /** Keeps others from changing what a user has said, or the organisation (null), until the transaction ends. */
  async lock(userId: string | null): Promise<void> {
    await lockName(this.#sql, `notifications.preferences:${this.#tenantId} ${userId ?? ''}`);
  }

  /** Writes what a user has said, or the organisation (null). Gives the new version. */
  async put(userId: string | null, settings: PersonalSettings | OrganisationSettings): Promise<number> {
    const [row] = await this.#sql<{ version: number }>(
      `insert into notifications.preferences (tenant_id, user_id, settings) values ($1, $2, $3::jsonb)
       on conflict (tenant_id, user_id) do update
       set settings = excluded.settings, version = preferences.version + 1, updated_at = now()
       returning version`,
      [this.#tenantId, userId, JSON.stringify(settings)],
    );
    return row?.version ?? 0;
  }

  async #read(userIds: readonly (string | null)[]): Promise<Row[]> {
    return await this.#sql<Row>(
      `select user_id as "userId", settings, version from notifications.preferences
       where tenant_id = $1 and (user_id = any($2::uuid[]) or ($3 and user_id is null))`,
      [this.#tenantId, userIds.filter((id) => id !== null), userIds.includes(null)],
    );
  }
}
