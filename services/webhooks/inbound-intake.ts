import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../db/database.ts';
import { logDelivery, type LoggedDelivery } from '../../db/webhooks/inbound-log.ts';
import { candidateById, candidatesOf, type SourceCandidate } from '../../db/webhooks/source-candidates.ts';
import { sourceNotFound } from '../../db/webhooks/source.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { factsOf } from '../../domain/webhooks/inbound/delivery-facts.ts';
import { parseExact, textOf } from '../../domain/webhooks/inbound/exact-json.ts';
import {
  invalidSignature,
  type DeliveryFacts,
  type InboundRequest,
} from '../../domain/webhooks/inbound/request.ts';
import type { SourceKind } from '../../domain/webhooks/inbound/source.ts';
import { provingSecret } from '../../domain/webhooks/inbound/verify.ts';
import { claimedShop } from '../../domain/webhooks/inbound/verify-shopify.ts';
import { keptHeaders } from './kept-headers.ts';
import { goodSecrets, type SourceSecrets } from './source-secrets.ts';

/** To which address a request came: a source's own, or one that all sources of a kind share. */
export type InboundAddress = { sourceId: string } | { kind: SourceKind; topics: RegExp };

export interface Intake extends LoggedDelivery {
  kind: SourceKind;
}

/** Takes webhooks in: finds whose they are, verifies the bytes as they came, and logs them. */
export class InboundIntake {
  readonly #database: Database;
  readonly #secrets: SourceSecrets;

  constructor(database: Database, secrets: SourceSecrets) {
    this.#database = database;
    this.#secrets = secrets;
  }

  /**
   * Nothing is read of the body before it is verified.
   *
   * @throws Failure for a request that proves nothing, or says not enough: nothing of it is kept
   */
  async take(address: InboundAddress, request: InboundRequest): Promise<Intake> {
    if (request.body.length === 0) throw new Failure('webhooks.body_missing', 'The body is empty.');
    const candidates = await this.#candidates(address, request);
    const source = this.#proven(address, candidates, request);
    const text = textOf(request.body);
    const facts = factsOf(source, request, parseExact(text));
    if ('topics' in address && !address.topics.test(facts.topic)) {
      throw new Failure('webhooks.topic_unexpected', 'This address takes no such topic.');
    }
    return await this.log(source, facts, text, request);
  }

  /** Logs what is known to come from the source, once. */
  async log(
    source: Pick<SourceCandidate, 'id' | 'tenantId' | 'kind'>,
    facts: DeliveryFacts,
    text: string,
    request: Pick<InboundRequest, 'headers'> | null,
  ): Promise<Intake> {
    const id = uuidv7();
    const logged = await logDelivery(this.#database.alone('webhooks'), {
      id,
      inboundId: uuidv7(),
      tenantId: source.tenantId,
      sourceId: source.id,
      providerId: facts.deliveryId,
      topic: facts.topic,
      eventId: facts.eventId,
      via: request ? 'webhook' : 'reconciliation',
      headers: request ? keptHeaders(request.headers) : {},
      body: this.#secrets.sealBody(source.tenantId, id, text),
      bodyBytes: Buffer.byteLength(text),
    });
    if (!logged.found) throw sourceNotFound();
    return { ...logged, kind: source.kind };
  }

  async #candidates(address: InboundAddress, request: InboundRequest): Promise<SourceCandidate[]> {
    const candidates = await this.#database.read('webhooks', ({ sql }) => {
      if ('sourceId' in address) return candidateById(sql, address.sourceId);
      const account = address.kind === 'shopify' ? claimedShop(request) : null;
      return candidatesOf(sql, address.kind, account);
    });
    if (candidates.length === 0 && 'sourceId' in address) throw sourceNotFound();
    return candidates;
  }

  /** The one source whose secret the request is signed with. */
  #proven(
    address: InboundAddress,
    candidates: readonly SourceCandidate[],
    request: InboundRequest,
  ): SourceCandidate {
    let refusal: unknown = invalidSignature();
    const proven = candidates.filter((source) => {
      try {
        provingSecret(source, request, goodSecrets(this.#secrets.open(source), request.now));
        return true;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        refusal = error;
        return false;
      }
    });
    const [source] = proven;
    if (!source) throw refusal;
    const owners = new Set(proven.map(({ tenantId }) => tenantId));
    if ('kind' in address && (owners.size > 1 || source.shared)) {
      throw new Failure(
        'webhooks.source_ambiguous',
        'Another organisation has this secret too, so it does not tell whose the request is. Use the address of the source.',
      );
    }
    if (source.kind === 'shopify' && source.account !== null && claimedShop(request) !== source.account) {
      throw new Failure('webhooks.account_mismatch', 'The request names another shop than the source has.');
    }
    return source;
  }
}
