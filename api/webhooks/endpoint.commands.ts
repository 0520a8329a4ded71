import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../db/database.ts';
import { readDatabaseNow } from '../../db/now.ts';
import { resetHealth } from '../../db/webhooks/endpoint-health.ts';
import { EndpointRepository } from '../../db/webhooks/endpoint.repository.ts';
import type { Endpoint } from '../../db/webhooks/endpoint.ts';
import { wakeSenders } from '../../db/webhooks/fan-out.ts';
import { releaseWaiting } from '../../db/webhooks/outbound-retention.ts';
import { Failure } from '../../domain/failure.ts';
import { mostEndpoints, mostOldSecrets } from '../../domain/webhooks/endpoint.ts';
import { ifOpens, SecretBox } from '../../platform/crypto/secret-box.ts';
import { checkDestination, parseHostsAndPorts } from '../../platform/http/destination.ts';
import { newSecret, openSecret, sealHeaders, sealSecret } from '../../services/webhooks/endpoint-secrets.ts';
import type { Request } from '../route.ts';
import type { Services } from '../services.ts';
import type { EndpointChange, NewEndpoint } from './endpoint.schemas.ts';

type Actor = Pick<Request, 'principal' | 'traceId'>;

/** Changes of a tenant's endpoints. Each tells of itself in its transaction. */
export class EndpointCommands {
  readonly #box: SecretBox;
  readonly #allowPrivate: ReadonlySet<string>;

  constructor({ config }: Pick<Services, 'config'>) {
    this.#box = new SecretBox(config.ENCRYPTION_KEYS);
    this.#allowPrivate = parseHostsAndPorts(config.OUTBOUND_ALLOW_PRIVATE);
  }

  /** Gives the endpoint and its secret, which is shown this once. */
  async create(
    transaction: Transaction,
    actor: Actor,
    body: NewEndpoint,
  ): Promise<{ endpoint: Endpoint; secret: string }> {
    this.#checkUrl(body.url);
    const { tenantId, userId } = actor.principal;
    const endpoints = new EndpointRepository(transaction.sql, tenantId);
    if ((await endpoints.countForAdding()) >= mostEndpoints)
      throw new Failure('webhooks.too_many_endpoints', `There are ${mostEndpoints} endpoints already.`);
    const id = uuidv7();
    const owner = { tenantId, endpointId: id };
    const secret = body.secret ?? newSecret();
    const endpoint = await endpoints.insert({
      id,
      url: body.url,
      description: body.description,
      eventTypes: body.event_types,
      payloadVersion: body.payload_version,
      ordering: body.ordering,
      ratePerSecond: body.rate_per_second,
      headers: sealHeaders(this.#box, owner, body.headers),
      secret: sealSecret(this.#box, owner, secret),
      state: body.state,
      createdBy: userId,
    });
    await tell(transaction, actor, endpoint, 'endpoint.created');
    return { endpoint, secret };
  }

  /** @param matches refuses an edit of another version, see `If-Match` */
  async change(
    transaction: Transaction,
    actor: Actor,
    id: string,
    change: EndpointChange,
    matches: (version: number) => void,
  ): Promise<Endpoint> {
    const { sql } = transaction;
    const endpoints = new EndpointRepository(sql, actor.principal.tenantId);
    const before = await endpoints.lock(id);
    matches(before.version);
    if (change.url !== undefined) this.#checkUrl(change.url);
    const owner = { tenantId: before.tenantId, endpointId: id };
    const after = await endpoints.update(id, {
      url: change.url ?? before.url,
      description: change.description ?? before.description,
      eventTypes: change.event_types ?? before.eventTypes,
      payloadVersion: change.payload_version ?? before.payloadVersion,
      ordering: change.ordering ?? before.ordering,
      ratePerSecond: change.rate_per_second === undefined ? before.ratePerSecond : change.rate_per_second,
      headers: change.headers === undefined ? before.headers : sealHeaders(this.#box, owner, change.headers),
    });
    // What is elsewhere now has not failed yet.
    if (after.url !== before.url) await resetHealth(sql, id);
    if (after.ordering === 'none' && before.ordering !== 'none') await releaseWaiting(sql, id);
    wakeSenders(transaction);
    await tell(transaction, actor, after, 'endpoint.updated', { changed: Object.keys(change) });
    return after;
  }

  /** Sends again, from a clean slate. One that is enabled with nothing against it stays as it is. */
  async enable(transaction: Transaction, actor: Actor, id: string): Promise<Endpoint> {
    const { sql } = transaction;
    const endpoints = new EndpointRepository(sql, actor.principal.tenantId);
    const before = await endpoints.lock(id);
    await resetHealth(sql, id);
    wakeSenders(transaction);
    if (before.state === 'enabled') return before;
    await endpoints.setState(id, 'enabled', null);
    const after = await endpoints.get(id);
    await tell(transaction, actor, after, 'endpoint.enabled');
    return after;
  }

  async halt(
    transaction: Transaction,
    actor: Actor,
    id: string,
    state: 'paused' | 'disabled',
  ): Promise<Endpoint> {
    const endpoints = new EndpointRepository(transaction.sql, actor.principal.tenantId);
    const before = await endpoints.lock(id);
    if (before.state === state) return before;
    await endpoints.setState(id, state, state === 'disabled' ? 'owner' : null);
    const after = await endpoints.get(id);
    await tell(
      transaction,
      actor,
      after,
      `endpoint.${state}`,
      state === 'disabled' ? { reason: 'owner' } : {},
    );
    return after;
  }

  async delete(
    transaction: Transaction,
    actor: Actor,
    id: string,
    matches: (version: number) => void,
  ): Promise<void> {
    const endpoints = new EndpointRepository(transaction.sql, actor.principal.tenantId);
    const endpoint = await endpoints.lock(id);
    matches(endpoint.version);
    await endpoints.delete(id);
    await tell(transaction, actor, endpoint, 'endpoint.deleted');
  }

  /** A new secret; the present one signs beside it until its grace is over. Gives the new one, which is shown this once. */
  async rotate(
    transaction: Transaction,
    actor: Actor,
    id: string,
    { grace_seconds: graceSeconds, secret: given }: { grace_seconds: number; secret?: string | undefined },
  ): Promise<{ endpoint: Endpoint; secret: string }> {
    const endpoints = new EndpointRepository(transaction.sql, actor.principal.tenantId);
    const before = await endpoints.lock(id);
    const owner = { tenantId: before.tenantId, endpointId: id };
    const now = await readDatabaseNow(transaction.sql);
    const until = new Date(now.getTime() + graceSeconds * 1_000).toISOString();
    const secret = given ?? newSecret();
    const readable = (sealed: string) => ifOpens(() => openSecret(this.#box, owner, sealed));
    const present = readable(before.secret);
    if (present === secret)
      throw new Failure('webhooks.secret_unchanged', 'This is the secret that the endpoint has.');
    // What can't be opened any more signs nothing.
    const oldSecrets = [
      ...(graceSeconds > 0 && present !== null ? [{ sealed: before.secret, until }] : []),
      ...before.oldSecrets.filter(({ sealed }) => readable(sealed) !== null),
    ].slice(0, mostOldSecrets);
    await endpoints.setSecrets(id, { secret: sealSecret(this.#box, owner, secret), oldSecrets });
    const endpoint = await endpoints.get(id);
    await tell(transaction, actor, endpoint, 'endpoint.secret_rotated', { old_secret_until: until });
    return { endpoint, secret };
  }

  /** Refuses here what every attempt would refuse later. Names are looked up at each attempt. */
  #checkUrl(url: string): void {
    const destination = checkDestination(url, 'any', this.#allowPrivate);
    if (destination.allowed) return;
    throw new Failure('webhooks.url_refused', 'Messages must not be sent there.', {
      issues: [{ pointer: '/body/url', message: destination.message }],
    });
  }
}

async function tell(
  transaction: Transaction,
  { principal, traceId }: Actor,
  { id, tenantId }: Endpoint,
  type: string,
  data: Record<string, unknown> = {},
): Promise<void> {
  await transaction.publish({
    type,
    tenantId,
    subject: `webhook-endpoint:${id}`,
    data: { endpoint_id: id, ...data },
    actorId: principal.userId,
    traceId,
  });
}
