import { setImmediate } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../db/database.ts';
import { logDelivery, type LoggedDelivery, type NewDelivery } from '../../db/webhooks/inbound-log.ts';
import type { SourceCandidate } from '../../db/webhooks/source-candidates.ts';
import { sourceNotFound } from '../../db/webhooks/source.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { factsOf } from '../../domain/webhooks/inbound/delivery-facts.ts';
import { parseExact, requireJson, textOf } from '../../domain/webhooks/inbound/exact-json.ts';
import {
  invalidSignature,
  type DeliveryFacts,
  type InboundRequest,
} from '../../domain/webhooks/inbound/request.ts';
import type { SourceKind } from '../../domain/webhooks/inbound/source.ts';
import { provingSecret } from '../../domain/webhooks/inbound/verify.ts';
import { claimedShop } from '../../domain/webhooks/inbound/verify-shopify.ts';
import { keptHeaders } from './kept-headers.ts';
import { KnownSources, type KnownSource, type SourceSearch } from './known-sources.ts';
import { goodSecrets, type SourceSecrets } from './source-secrets.ts';

/** To which address a request came: a source's own, or one that all sources of a kind share. */
export type InboundAddress = { sourceId: string } | { kind: SourceKind; topics: RegExp };

export interface Intake extends LoggedDelivery {
  kind: SourceKind;
}

/** A source that changes while a request is verified is looked at again, so often at most. */
const mostLooks = 3;

/** After so many bytes that were hashed for one request the others have their turn. */
const hashedAtOnce = 1_048_576;

/** Takes webhooks in: finds whose they are, verifies the bytes as they came, and logs them. */
export class InboundIntake {
  readonly #database: Database;
  readonly #secrets: SourceSecrets;
  readonly #sources: KnownSources;

  constructor(database: Database, secrets: SourceSecrets) {
    this.#database = database;
    this.#secrets = secrets;
    this.#sources = new KnownSources(database, secrets);
  }

  /**
   * Nothing is read of the body before it is verified.
   *
   * @throws Failure for a request that proves nothing, or says not enough: nothing of it is kept
   */
  async take(address: InboundAddress, request: InboundRequest, traceId: string): Promise<Intake> {
    if (request.body.length === 0) throw new Failure('webhooks.body_missing', 'The body is empty.');
    const search = searchFor(address, request);
    for (let look = 1; look <= mostLooks; look += 1) {
      const source = await this.#prover(address, search, request, look > 1);
      const taken = await this.#takeFrom(source, address, request, traceId);
      if (taken.found) return { ...taken, kind: source.kind };
    }
    throw sourceNotFound();
  }

  /**
   * Logs what needs no proof, as the provider was asked for it, once.
   *
   * @throws Failure `webhooks.source_not_found` when the source has gone meanwhile
   */
  async log(
    source: Pick<SourceCandidate, 'id' | 'tenantId'>,
    facts: DeliveryFacts,
    text: string,
  ): Promise<LoggedDelivery> {
    const logged = await this.#write(source, facts, text, {
      via: 'reconciliation',
      traceId: null,
      headers: {},
      verifiedBy: null,
    });
    if (!logged.found) throw sourceNotFound();
    return logged;
  }

  /**
   * The source that has sent a request. Known ones may be out of date, so none is refused by them alone: those that have
   * changed since, and new ones, are tried as well.
   *
   * @param before the known ones, none of which has signed it
   */
  async #prover(
    address: InboundAddress,
    search: SourceSearch,
    request: InboundRequest,
    fresh: boolean,
    before: { refused: readonly KnownSource[]; refusal: unknown } | null = null,
  ): Promise<KnownSource> {
    const { sources, kept } = await this.#sources.find(search, fresh);
    if (sources.length === 0 && 'sourceId' in address) throw sourceNotFound();
    const refused = new Set(before?.refused.map(({ id, version }) => `${id} ${version}`));
    const candidates = sources.filter(({ id, version }) => !refused.has(`${id} ${version}`));
    const { proven, refusal } = await provenSources(candidates, request);
    const [source] = proven;
    if (!source && kept)
      return await this.#prover(address, search, request, true, { refused: sources, refusal });
    if (!source) throw candidates.length === 0 && before ? before.refusal : refusal;
    try {
      requireSole(address, proven, source);
      requireNamed(source, request);
    } catch (error) {
      if (!kept || !(error instanceof Failure)) throw error;
      return await this.#prover(address, search, request, true);
    }
    return source;
  }

  async #takeFrom(
    source: KnownSource,
    address: InboundAddress,
    request: InboundRequest,
    traceId: string,
  ): Promise<LoggedDelivery> {
    const text = textOf(request.body);
    const facts = factsOf(source, request, bodyFor(source, text));
    if ('topics' in address && !address.topics.test(facts.topic)) {
      throw new Failure('webhooks.topic_unexpected', 'This address takes no such topic.');
    }
    return await this.#write(source, facts, text, {
      via: 'webhook',
      headers: keptHeaders(request.headers),
      traceId,
      verifiedBy: { version: source.version, soleOwner: 'kind' in address },
    });
  }

  async #write(
    { id: sourceId, tenantId }: Pick<SourceCandidate, 'id' | 'tenantId'>,
    facts: DeliveryFacts,
    text: string,
    more: Pick<NewDelivery, 'via' | 'headers' | 'traceId' | 'verifiedBy'>,
  ): Promise<LoggedDelivery> {
    const id = uuidv7();
    return await logDelivery(this.#database.alone('webhooks'), {
      ...more,
      id,
      inboundId: uuidv7(),
      tenantId,
      sourceId,
      providerId: facts.deliveryId,
      topic: facts.topic,
      eventId: facts.eventId,
      body: this.#secrets.sealBody(tenantId, id, text),
      bodyBytes: Buffer.byteLength(text),
    });
  }
}

function searchFor(address: InboundAddress, request: InboundRequest): SourceSearch {
  if ('sourceId' in address) return address;
  return { kind: address.kind, account: address.kind === 'shopify' ? claimedShop(request) : null };
}

/** What Shopify says of a delivery stands in its headers. */
function bodyFor({ kind }: Pick<SourceCandidate, 'kind'>, text: string): unknown {
  if (kind !== 'shopify') return parseExact(text);
  requireJson(text);
  return null;
}

/** The sources whose secrets the request is signed with; where there is none, why the last one refuses it. */
async function provenSources(
  candidates: readonly KnownSource[],
  request: InboundRequest,
): Promise<{ proven: KnownSource[]; refusal: unknown }> {
  const proven: KnownSource[] = [];
  let refusal: unknown = invalidSignature();
  let hashed = 0;
  for (const source of candidates) {
    if (hashed >= hashedAtOnce) {
      await setImmediate();
      hashed = 0;
    }
    hashed += request.body.length;
    try {
      provingSecret(source, request, goodSecrets(source.opened ?? [], request.now));
      proven.push(source);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      refusal = error;
    }
  }
  // It may well be signed, by one that can't be opened any more: the sender shall come again.
  if (proven.length === 0 && candidates.some(({ opened }) => opened === null)) refusal = unreadableSecrets();
  return { proven, refusal };
}

function unreadableSecrets(): Failure {
  return new Failure('service.unavailable', 'The secrets of a source cannot be opened. Send it again later.');
}

/** A secret that two organisations have does not tell whose a request to a shared address is. */
function requireSole(address: InboundAddress, proven: readonly KnownSource[], source: KnownSource): void {
  const owners = new Set(proven.map(({ tenantId }) => tenantId));
  if ('kind' in address && (owners.size > 1 || source.shared)) {
    throw new Failure(
      'webhooks.source_ambiguous',
      'Another organisation has this secret too, so it does not tell whose the request is. Use the address of the source.',
    );
  }
}

/** The shop's name is not signed. */
function requireNamed(source: KnownSource, request: InboundRequest): void {
  if (source.kind === 'shopify' && source.account !== null && claimedShop(request) !== source.account) {
    throw new Failure('webhooks.account_mismatch', 'The request names another shop than the source has.');
  }
}
