import { Failure } from '../../domain/failure.ts';

/** Of one organisation, in one process. */
const most = 4;

/** Uploads of pictures that are under way in this process: each is in memory whole until it has been looked at. */
export class UploadsUnderWay {
  readonly #ofTenant = new Map<string, number>();

  /** @throws Failure `request.rate_limited` when an organisation has as many as it may have */
  async one<T>(tenantId: string, upload: () => Promise<T>): Promise<T> {
    const before = this.#ofTenant.get(tenantId) ?? 0;
    if (before >= most)
      throw new Failure('request.rate_limited', `Upload at most ${most} pictures at the same time.`, {
        retryAfter: 1,
      });
    this.#ofTenant.set(tenantId, before + 1);
    try {
      return await upload();
    } finally {
      const left = (this.#ofTenant.get(tenantId) ?? 1) - 1;
      if (left === 0) this.#ofTenant.delete(tenantId);
      else this.#ofTenant.set(tenantId, left);
    }
  }
}
