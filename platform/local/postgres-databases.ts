import { Client, escapeIdentifier, escapeLiteral } from 'pg';

export interface NewDatabase {
  name: string;
  /** The role that owns it. */
  owner: string;
  /** The database to copy; nobody may be connected to it. Copying a migrated one takes tens of milliseconds. */
  template?: string;
}

/**
 * Creates a database and returns its URL, which signs in as the owner with the administrator's password (as the local
 * servers have it).
 *
 * @throws when it exists already, or when somebody is connected to the template.
 */
export async function createDatabase(
  adminUrl: string,
  { name, owner, template }: NewDatabase,
): Promise<string> {
  const copy = template === undefined ? '' : ` TEMPLATE ${escapeIdentifier(template)}`;
  await withClient(adminUrl, (client) =>
    client.query(`CREATE DATABASE ${escapeIdentifier(name)} OWNER ${escapeIdentifier(owner)}${copy}`),
  );
  return databaseUrl(adminUrl, owner, name);
}

/** Removes a database, ending whoever is connected to it; nothing happens when there is none. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await withClient(adminUrl, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`),
  );
}

/**
 * Makes sure that the role and its database exist, with this password. The role is no superuser, as in production; it
 * may create databases, and as the owner of one it may add PostgreSQL's trusted extensions (pg_trgm, citext …).
 */
export async function ensureDatabase(adminUrl: string, role: string, password: string): Promise<string> {
  await withClient(adminUrl, async (client) => {
    const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
    const verb = roles.rowCount ? 'ALTER' : 'CREATE';
    await client.query(
      `${verb} ROLE ${escapeIdentifier(role)} LOGIN CREATEDB PASSWORD ${escapeLiteral(password)}`,
    );
    const databases = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [role]);
    if (!databases.rowCount) {
      await client.query(`CREATE DATABASE ${escapeIdentifier(role)} OWNER ${escapeIdentifier(role)}`);
    }
  });
  return databaseUrl(adminUrl, role, role);
}

function databaseUrl(adminUrl: string, role: string, name: string): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // A connection that breaks also fails the query in hand; without a listener it would end this process as well.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
