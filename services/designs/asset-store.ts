import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Database, Transaction } from '../../db/database.ts';
import { AssetRepository, type Asset, type AssetFacts } from '../../db/designs/asset.repository.ts';
import { mediaTypes } from '../../domain/designs/asset.ts';
import { assetKey } from '../../domain/designs/files.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';

/** The file of an asset that is in the storage and not yet an asset: that it becomes in a transaction. */
export interface IncomingAsset {
  id: string;
  facts: AssetFacts;
}

/** Brings the files of assets into the storage and back. */
export class AssetStore {
  readonly #database: Database;
  readonly #storage: ObjectStorage;

  constructor({ database, storage }: { database: Database; storage: ObjectStorage }) {
    this.#database = database;
    this.#storage = storage;
  }

  /**
   * Stores a file ahead of its transaction. It is registered first: should nothing come of it, it is swept.
   *
   * @throws Failure `storage.full`, `designs.assets_full`
   */
  async put(
    tenantId: string,
    { name, createdBy }: Pick<Asset, 'name' | 'createdBy'>,
    content: Uint8Array,
    facts: Omit<AssetFacts, 'bytes' | 'sha256'>,
    signal?: AbortSignal,
  ): Promise<IncomingAsset> {
    const id = uuidv7();
    const objectKey = assetKey(tenantId, id);
    const bytes = content.length;
    await this.#database.transaction('designs', ({ sql }) =>
      new AssetRepository(sql, tenantId).register({ id, name, objectKey, createdBy, bytes }),
    );
    await this.#storage.put(objectKey, content, {
      contentType: mediaTypes[facts.format],
      maxBytes: bytes,
      ...(signal ? { signal } : {}),
    });
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { id, facts: { ...facts, bytes, sha256 } };
  }

  /** Makes a file that was put an asset. @throws Failure `designs.assets_full` */
  async keep({ sql }: Transaction, tenantId: string, { id, facts }: IncomingAsset): Promise<Asset> {
    return await new AssetRepository(sql, tenantId).store(id, facts);
  }

  /** @throws Failure `storage.object_not_found` */
  async read({ objectKey }: Pick<Asset, 'objectKey'>, signal?: AbortSignal): Promise<Uint8Array> {
    const stream = await this.#storage.get(objectKey, signal ? { signal } : {});
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) chunks.push(chunk as Uint8Array);
    return Buffer.concat(chunks);
  }
}
