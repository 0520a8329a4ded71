import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../db/database.ts';
import { requireAssets } from '../../db/designs/asset-check.ts';
import type { Design, Origin, Version } from '../../db/designs/design.ts';
import { DesignRepository } from '../../db/designs/design.repository.ts';
import { requestPreview } from '../../db/designs/preview-steps.ts';
import { PresetRepository } from '../../db/designs/preset.repository.ts';
import { VersionRepository } from '../../db/designs/version.repository.ts';
import { requireAccess } from '../../domain/designs/access.ts';
import { contentHash } from '../../domain/designs/content.ts';
import type { DesignDocument } from '../../domain/designs/document.ts';
import { usualSizes } from '../../domain/designs/preview.ts';
import type { Request } from '../route.ts';
import { askerOf } from './asker.ts';

export type Actor = Pick<Request, 'principal' | 'traceId'>;

/** A design with its newest document. */
export interface OpenDesign {
  design: Design;
  document: DesignDocument;
}

interface Content {
  name: string;
  tags: readonly string[];
  document: DesignDocument;
}

/** Changes of a tenant's designs. Each tells of itself in its transaction. */
export class DesignCommands {
  readonly #transaction: Transaction;
  readonly #actor: Actor;

  constructor(transaction: Transaction, actor: Actor) {
    this.#transaction = transaction;
    this.#actor = actor;
  }

  /** @param at JSON pointer to the document in what was sent */
  async create(content: Content, origin: Origin | null, at = '/body/document'): Promise<OpenDesign> {
    const { tenantId, userId } = this.#actor.principal;
    contentHash(content.document);
    await requireAssets(this.#transaction.sql, tenantId, content.document, at);
    const design = await this.#designs.insert({ id: uuidv7(), ...content, origin, createdBy: userId });
    await this.tell(design, 'design.created', { origin: origin?.kind ?? null });
    await this.#draw(design, content.document);
    return { design, document: content.document };
  }

  async createFromPreset(
    presetId: string,
    { name, tags }: { name: string | undefined; tags: readonly string[] },
  ): Promise<OpenDesign> {
    const { sql } = this.#transaction;
    const preset = await new PresetRepository(sql, this.#actor.principal.tenantId).get(presetId);
    const content = { name: name ?? preset.name, tags, document: preset.document };
    return await this.create(content, { kind: 'preset', id: preset.id }, '/body/preset_id');
  }

  /**
   * A document that is the same as the newest makes no version.
   *
   * @param matches refuses an edit of another revision, see `If-Match`
   */
  async change(
    id: string,
    change: Partial<Content>,
    matches: (revision: number) => void,
    madeFrom: Origin | null = null,
  ): Promise<OpenDesign> {
    const { sql } = this.#transaction;
    const { tenantId, userId } = this.#actor.principal;
    const before = await this.#designs.lock(id);
    requireAccess(before.access, 'edit');
    matches(before.revision);
    const newest = await this.#versions.get(id, before.version);
    const document = change.document ?? newest.document;
    const isOther = contentHash(document) !== newest.contentHash;
    const name = change.name ?? before.name;
    const tags = change.tags ?? before.tags;
    const changed = [
      ...(name === before.name ? [] : ['name']),
      ...(tags.join('\n') === before.tags.join('\n') ? [] : ['tags']),
      ...(isOther ? ['document'] : []),
    ];
    if (changed.length === 0) return { design: before, document };
    if (isOther) await requireAssets(sql, tenantId, document, '/body/document');
    const design = await this.#designs.update(before, {
      name,
      tags,
      document: isOther ? document : null,
      madeFrom,
      changedBy: userId,
    });
    await this.tell(design, 'design.updated', {
      changed,
      ...(madeFrom?.kind === 'restored' ? { restored_from: madeFrom.version } : {}),
    });
    if (isOther) await this.#draw(design, document);
    return { design, document };
  }

  /** The document of an old version becomes the newest, as a version of its own. */
  async restore(id: string, number: number, matches: (revision: number) => void): Promise<OpenDesign> {
    const design = await this.#designs.lock(id);
    requireAccess(design.access, 'edit');
    const { document } = await this.#versions.get(id, number);
    return await this.change(id, { document }, matches, { kind: 'restored', version: number });
  }

  async duplicate(
    id: string,
    { name, version }: { name?: string | undefined; version?: number | undefined },
  ): Promise<OpenDesign> {
    const source = await this.#designs.get(id);
    const from: Version = await this.#versions.get(id, version ?? source.version);
    const content = { name: name ?? source.name, tags: source.tags, document: from.document };
    return await this.create(content, { kind: 'design', id, version: from.number });
  }

  async delete(id: string, matches: (revision: number) => void): Promise<void> {
    const design = await this.#designs.lock(id);
    requireAccess(design.access, 'own');
    matches(design.revision);
    await this.#designs.delete(id);
    await this.tell(design, 'design.deleted', {});
  }

  async tell({ id, version }: Design, type: string, data: Record<string, unknown>): Promise<void> {
    const { tenantId, userId } = this.#actor.principal;
    await this.#transaction.publish({
      type,
      tenantId,
      subject: `design:${id}`,
      actorId: userId,
      traceId: this.#actor.traceId,
      data: { version, ...data },
    });
  }

  /** Each saved version has pictures without being asked. */
  async #draw({ id, version }: Design, document: DesignDocument): Promise<void> {
    const { principal, traceId } = this.#actor;
    await requestPreview(this.#transaction, {
      tenantId: principal.tenantId,
      designId: id,
      version,
      contentHash: contentHash(document),
      sizes: usualSizes,
      userId: principal.userId,
      traceId,
    });
  }

  get #designs(): DesignRepository {
    const { principal } = this.#actor;
    return new DesignRepository(this.#transaction.sql, principal.tenantId, askerOf(principal));
  }

  get #versions(): VersionRepository {
    const { principal } = this.#actor;
    return new VersionRepository(this.#transaction.sql, principal.tenantId, askerOf(principal));
  }
}
