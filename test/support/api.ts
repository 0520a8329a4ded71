import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../api/app.ts';
import type { RateLimiter } from '../../api/gateway.ts';
import { createAccessTokens } from '../../api/identity/access-tokens.ts';
import { createAuthenticator } from '../../api/middleware/authenticator.ts';
import { createRateLimiter } from '../../api/middleware/rate-limiter.ts';
import { OpenConnections } from '../../api/realtime/open-connections.ts';
import { asksForWebSocket, Sockets, type SocketsOptions } from '../../api/realtime/sockets.ts';
import type { Route } from '../../api/route.ts';
import type { Services } from '../../api/services.ts';
import { openTokenBuckets } from '../../db/identity/open-token-buckets.ts';
import { limits, type Limits } from '../../domain/identity/limits.ts';
import type { Plan } from '../../domain/identity/plans.ts';
import type { Role } from '../../domain/identity/roles.ts';
import type { Scope } from '../../domain/identity/scopes.ts';
import { loadConfig } from '../../platform/config.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { createLogger } from '../../platform/log.ts';
import { createMetrics } from '../../platform/metrics.ts';
import { openRedis } from '../../platform/redis/open.ts';
import { openFileStorage } from '../../services/storage/open.ts';
import { makeApiKey, makeOrganisation, makeUser, makeUsers, type Caller, type LoggedIn } from './accounts.ts';
import { ApiClient } from './client.ts';
import { contractOf } from './contract.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { testEncryptionKeys } from './encryption.ts';
import { formOfRun, settingsOf, type Form } from './form.ts';

export type { ApiClient, ApiResponse } from './client.ts';
export type { Caller } from './accounts.ts';

/** An organisation of a test, with one caller of every role that its people can have. */
export interface Tenant {
  id: string;
  owner: Caller;
  admin: Caller;
  member: Caller;
  viewer: Caller;
}

export interface TestApi {
  url: string;
  services: Services;
  routes: readonly Route[];
  sockets: Sockets;
  /** Calls as nobody; `client.as(caller)` as somebody. */
  client: ApiClient;
  tenant(plan?: Plan): Promise<Tenant>;
  /** One more user of an organisation, logged in. */
  user(tenantId: string, role: Role): Promise<Caller>;
  /** The same user, calling by an API key with these scopes, or with all that the role grants. */
  key(caller: Caller, scopes?: readonly Scope[]): Promise<Caller>;
  operator(): Promise<Caller>;
  close(): Promise<void>;
}

export interface TestApiOptions {
  /** Parts that stand in for the usual ones, e.g. `temporal`. */
  services?: Partial<Services>;
  /** Settings besides the usual ones. */
  env?: Record<string, string>;
  rateLimiter?: (services: Services) => RateLimiter;
  /** Another pace than the usual one of WebSockets. */
  sockets?: Partial<SocketsOptions>;
  /** Another form than that of the run. */
  form?: Form;
}

/** All calls of a test come from one address. */
const roomyLimits: Limits = {
  ...limits,
  address: {
    read: 100_000,
    write: 100_000,
    search: 100_000,
    upload: 100_000,
    login: 100_000,
    webhook: 10_000_000,
  },
};

/**
 * The real HTTP application of some routes, on a free port, with a fresh database and a folder as storage. Every answer
 * that its client gets is checked against the OpenAPI document. Close it in `after`.
 */
export async function startTestApi(
  createRoutes: (services: Services) => Route[],
  options: TestApiOptions = {},
): Promise<TestApi> {
  const form = options.form ?? formOfRun();
  const db = await testDatabase(form);
  try {
    return await startOn(db, form, createRoutes, options);
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function startOn(
  db: TestDatabase,
  form: Form,
  createRoutes: (services: Services) => Route[],
  options: TestApiOptions,
): Promise<TestApi> {
  const server = createServer({ shouldUpgradeCallback: asksForWebSocket });
  // So that a test whose preparation fails cannot keep the run alive.
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = loadConfig({
    ...db.env,
    PUBLIC_URL: url,
    LOG_LEVEL: 'silent',
    SMTP_URL: 'smtp://127.0.0.1:1',
    ...(await settingsOf(form)),
    ENCRYPTION_KEYS: testEncryptionKeys,
    // Orders may be placed; nobody answers where the payments would go.
    STRIPE_SECRET_KEY: 'sk_test_nobody',
    STRIPE_API_URL: 'http://127.0.0.1:1',
    ...options.env,
  });
  const ends: (() => Promise<void>)[] = [];
  const log = createLogger('test', config.LOG_LEVEL);
  const redis = await openRedis(config, log);
  const services: Services = {
    config,
    database: db.database,
    redis,
    storage: openFileStorage(config, db.database),
    webUi: 'http://127.0.0.1:8233/namespaces/default',
    temporal: () => Promise.reject(new Error('This test has no Temporal Service.')),
    log,
    metrics: createMetrics('test'),
    onStop: (end) => ends.push(end),
    ...options.services,
  };
  const accessTokens = createAccessTokens(services);
  const routes = createRoutes(services);
  const sockets = new Sockets(options.sockets);
  const app = createApp({
    routes,
    database: db.database,
    box: new SecretBox(config.ENCRYPTION_KEYS),
    authenticator: createAuthenticator(services, { cacheMilliseconds: 0 }),
    rateLimiter:
      options.rateLimiter?.(services) ??
      createRateLimiter({ buckets: openTokenBuckets(db.database, redis), limits: roomyLimits }),
    log: services.log,
    publicUrl: config.PUBLIC_URL,
    trustedProxies: 0,
    connections: new OpenConnections(
      { ofUser: config.CONNECTIONS_PER_USER, ofProcess: config.CONNECTIONS_PER_PROCESS },
      services.metrics,
    ),
    sockets,
    standingMilliseconds: 50,
  });
  const listener = app.callback();
  server.on('request', (request, response) => void listener(request, response));
  sockets.attach(server, (request, response) => void listener(request, response));

  const callerOf = async ({ sessionId, ...user }: LoggedIn): Promise<Caller> => {
    const { token } = await accessTokens.issue({ ...user, sessionId });
    return { ...user, authorization: `Bearer ${token}` };
  };
  const user = async (tenantId: string, role: Role): Promise<Caller> =>
    await callerOf(await makeUser(db.database, tenantId, role));
  return {
    url,
    services,
    routes,
    sockets,
    client: new ApiClient(url, contractOf(routes), null),
    user,
    key: async (caller, scopes) => ({
      ...caller,
      authorization: `Bearer ${await makeApiKey(db.database, caller, scopes)}`,
    }),
    tenant: async (plan) => {
      const id = await makeOrganisation(db.database, plan);
      const made = await makeUsers(db.database, id, ['owner', 'admin', 'member', 'viewer']);
      const [owner, admin, member, viewer] = await Promise.all(made.map(callerOf));
      return { id, owner, admin, member, viewer } as Tenant;
    },
    operator: async () => user(await makeOrganisation(db.database), 'operator'),
    close: async () => {
      await sockets.close();
      await closeServer(server);
      for (const end of ends) await end();
      await redis?.close();
      await db.close();
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}
