/** A request to a bucket: its rate, its size, and how many tokens to take in advance while it is far from empty. */
export interface BucketDemand {
  key: string;
  /** Tokens that come back a minute; as many fit in. */
  perMinute: number;
  slice: number;
}

export interface BucketAnswer {
  granted: number;
  remaining: number;
  resetSeconds: number;
  waitSeconds: number;
}

/** The buckets of all processes together. */
export interface TokenBuckets {
  /**
   * Takes at least one token from each bucket, or none from any, in one round trip. A bucket gives the slice that is
   * asked for while it stays more than half full, else one. An answer stands at the place of its demand.
   */
  take(demands: readonly BucketDemand[]): Promise<BucketAnswer[]>;
}
