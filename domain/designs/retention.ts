/** How long what is over is kept, in days. */
export const designRetention = {
  /** Of a deleted design all but the versions that were ordered. */
  deletedDesigns: 30,
  /** A picture for which a smaller one stands, once no version shows it any more. */
  replacedAssets: 30,
  /** Links that have expired or were revoked. */
  links: 90,
  /** Files of uploads that never became whole. */
  incomingAssets: 1,
} as const;
