import { lifetimes } from './lifetimes.ts';

/** The algorithm of access tokens: the one that every gateway and library verifies. Nothing else is accepted. */
export const signingAlgorithm = 'ES256';

const day = 24 * 60 * 60;

/**
 * The plan of a signing key's life, in seconds. A new key is published before it signs, for longer than anybody may keep
 * the key set; an old one stays published until the last token it signed is over.
 */
export const keyRotation = {
  /** Age at which a key gets a successor. */
  every: 30 * day,
  /** Between publication and the first signature. */
  lead: 15 * 60,
  /** How long the published set may be kept by others (`Cache-Control`). */
  publishedCache: 5 * 60,
  /** How long an own process goes by the keys it knows. */
  ownCache: 60,
} as const;

/** How long after its successor has begun to sign a key must still be published. */
export const keyOverlap = lifetimes.accessToken + keyRotation.ownCache + 5 * 60;

interface KeyTimes {
  createdAt: Date;
  signsFrom: Date;
}

/** The key that signs at a moment: the latest that may. */
export function signingKeyAt<K extends KeyTimes>(keys: readonly K[], at: Date): K | null {
  const able = keys.filter((key) => key.signsFrom <= at);
  return able.sort((a, b) => b.signsFrom.getTime() - a.signsFrom.getTime())[0] ?? null;
}

/** Whether the newest key is so old that it needs a successor. */
export function rotationIsDue(keys: readonly KeyTimes[], at: Date): boolean {
  const newest = Math.max(...keys.map((key) => key.createdAt.getTime()), 0);
  return at.getTime() - newest >= keyRotation.every * 1_000;
}

/** The keys that no living token can have been signed with. */
export function expiredKeys<K extends KeyTimes>(keys: readonly K[], at: Date): K[] {
  return keys.filter((key) =>
    keys.some(
      (other) =>
        other.signsFrom > key.signsFrom && at.getTime() >= other.signsFrom.getTime() + keyOverlap * 1_000,
    ),
  );
}
