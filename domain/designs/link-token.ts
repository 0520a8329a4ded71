import { createHash, randomBytes } from 'node:crypto';

/** Tells a link's token from other secrets, and lets secret scanners find one that has leaked. */
export const linkTokenPattern = /^sd_[A-Za-z0-9_-]{43}$/;

/** A new token of a link: 256 bits of chance, so that nobody finds one by trying. */
export function newLinkToken(): string {
  return `sd_${randomBytes(32).toString('base64url')}`;
}

/** What is stored of it. Plain SHA-256 is enough for a secret that nobody can guess. */
export function hashLinkToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
