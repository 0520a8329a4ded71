import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../db/database.ts';
import {
  ProviderRepository,
  type SearchSetup,
  type StoredProvider,
} from '../../db/search/provider.repository.ts';
import { Failure } from '../../domain/failure.ts';
import {
  httpProviderConfigSchema,
  type HttpProviderConfig,
} from '../../domain/search/http-provider/config.ts';
import { SecretBox } from '../../platform/crypto/secret-box.ts';
import { checkDestination, parseHostsAndPorts } from '../../platform/http/destination.ts';
import { openSecrets, sealSecrets } from '../../services/search/provider-secrets.ts';
import type { Principal } from '../principal.ts';
import type { Services } from '../services.ts';
import { secretsAfter, settingsAfter, settingsOfNew, type OpenSettings } from './provider-settings.ts';
import type { NewProvider, ProviderChange } from './provider.schemas.ts';

/** Most providers of a tenant: a waterfall of more is a mistake. */
const mostProviders = 50;

/** Changes of a tenant's providers. Each makes the tenant's cached answers unreachable and tells of itself. */
export class ProviderCommands {
  readonly #box: SecretBox;
  readonly #allowPrivate: ReadonlySet<string>;

  constructor({ config }: Services) {
    this.#box = new SecretBox(config.ENCRYPTION_KEYS);
    this.#allowPrivate = parseHostsAndPorts(config.OUTBOUND_ALLOW_PRIVATE);
  }

  async create(transaction: Transaction, principal: Principal, body: NewProvider): Promise<Changed> {
    const { repository, setup } = await open(transaction, principal);
    if (setup.providers.length >= mostProviders) {
      throw new Failure('search.too_many_providers', `There are ${mostProviders} providers already.`);
    }
    const settings = settingsOfNew(body);
    this.#check(settings, setup, null);
    const id = uuidv7();
    const secrets = secretsAfter({}, body.secrets, body.http ?? null);
    await repository.insert(id, this.#sealed(principal, id, settings, secrets), setup.providers.length);
    return await told(transaction, principal, repository, 'search.provider_created', id);
  }

  /** @param matches refuses an edit of another version, see `If-Match` */
  async change(
    transaction: Transaction,
    principal: Principal,
    id: string,
    change: ProviderChange,
    matches: (version: number) => void,
  ): Promise<Changed> {
    const { repository, setup } = await open(transaction, principal);
    const stored = find(setup, id);
    matches(stored.version);
    if (stored.kind !== 'http' && (change.http !== undefined || change.secrets !== undefined)) {
      throw new Failure('search.provider_invalid', 'Only a provider of kind http has this.', {
        issues: (['http', 'secrets'] as const)
          .filter((field) => change[field] !== undefined)
          .map((field) => ({ pointer: `/body/${field}`, message: 'Only a provider of kind http has this.' })),
      });
    }
    const settings = settingsAfter(stored, change);
    this.#check(settings, setup, id);
    const owner = { tenantId: principal.tenantId, providerId: id };
    const config = settings.config === null ? null : httpProviderConfigSchema.parse(settings.config);
    const known = stored.secrets === null ? {} : openSecrets(this.#box, owner, stored.secrets);
    const secrets = secretsAfter(known, change.secrets ?? {}, config);
    await repository.update(id, stored.version, this.#sealed(principal, id, settings, secrets));
    return await told(transaction, principal, repository, 'search.provider_updated', id);
  }

  async delete(
    transaction: Transaction,
    principal: Principal,
    id: string,
    matches: (version: number) => void,
  ): Promise<void> {
    const { repository, setup } = await open(transaction, principal);
    const stored = find(setup, id);
    matches(stored.version);
    await repository.delete(id, stored.version);
    await repository.reorder(setup.providers.map((provider) => provider.id).filter((other) => other !== id));
    await publish(transaction, principal, 'search.provider_deleted', stored);
  }

  async reorder(
    transaction: Transaction,
    principal: Principal,
    ids: readonly string[],
  ): Promise<SearchSetup> {
    const { repository, setup } = await open(transaction, principal);
    const known = new Set(setup.providers.map(({ id }) => id));
    const strangers = ids.filter((id) => !known.has(id));
    if (strangers.length > 0) throw new Failure('search.provider_not_found', 'There is no such provider.');
    if (new Set(ids).size !== ids.length || ids.length !== known.size) {
      throw new Failure('search.provider_order_incomplete', 'The order must name every provider once.', {
        issues: [
          { pointer: '/body/ids', message: `There are ${known.size} providers; name each of them once.` },
        ],
      });
    }
    await repository.reorder(ids);
    await transaction.publish({
      type: 'search.providers_reordered',
      tenantId: principal.tenantId,
      subject: `search-providers:${principal.tenantId}`,
      actorId: principal.userId,
      data: { ids },
    });
    return await repository.ensureSetup();
  }

  #check(settings: OpenSettings, setup: SearchSetup, id: string | null): void {
    const wanted = settings.name.toLowerCase();
    if (setup.providers.some((other) => other.id !== id && other.name.toLowerCase() === wanted)) {
      throw new Failure('search.provider_name_taken', 'Another provider has this name.', {
        issues: [{ pointer: '/body/name', message: 'Another provider has this name.' }],
      });
    }
    if (settings.config) this.#checkHost(httpProviderConfigSchema.parse(settings.config));
  }

  /** Refuses here what every call would refuse later. Names are looked up at each call. */
  #checkHost({ request }: HttpProviderConfig): void {
    const { origin, host } = new URL(request.url.replace(/[?{].*$/s, ''));
    const destination = checkDestination(origin, [`https://${host}`, origin], this.#allowPrivate);
    if (destination.allowed) return;
    throw new Failure('search.provider_invalid', 'The provider must not be called there.', {
      issues: [{ pointer: '/body/http/request/url', message: destination.message }],
    });
  }

  #sealed(
    principal: Principal,
    providerId: string,
    settings: OpenSettings,
    secrets: Record<string, string>,
  ): OpenSettings & { secrets: string | null; secretNames: string[] } {
    const owner = { tenantId: principal.tenantId, providerId };
    return {
      ...settings,
      secrets: sealSecrets(this.#box, owner, secrets),
      secretNames: Object.keys(secrets).toSorted((a, b) => (a < b ? -1 : 1)),
    };
  }
}

export interface Changed {
  provider: StoredProvider;
  currency: string;
}

/** Locks the tenant's providers, so that changes come one after another, and reads them. */
async function open(
  { sql }: Transaction,
  { tenantId }: Principal,
): Promise<{ repository: ProviderRepository; setup: SearchSetup }> {
  const repository = new ProviderRepository(sql, tenantId);
  await repository.ensureSetup();
  await repository.lockAndInvalidate();
  return { repository, setup: await repository.ensureSetup() };
}

function find(setup: SearchSetup, id: string): StoredProvider {
  const stored = setup.providers.find((provider) => provider.id === id);
  if (!stored) throw new Failure('search.provider_not_found', 'There is no such provider.');
  return stored;
}

async function told(
  transaction: Transaction,
  principal: Principal,
  repository: ProviderRepository,
  type: string,
  id: string,
): Promise<Changed> {
  const setup = await repository.ensureSetup();
  const provider = find(setup, id);
  await publish(transaction, principal, type, provider);
  return { provider, currency: setup.currency };
}

async function publish(
  transaction: Transaction,
  principal: Principal,
  type: string,
  { id, name, kind, enabled, version }: StoredProvider,
): Promise<void> {
  await transaction.publish({
    type,
    tenantId: principal.tenantId,
    subject: `search-provider:${id}`,
    actorId: principal.userId,
    data: { provider_id: id, name, kind, enabled, version },
  });
}
