import { hash, randomBytes } from 'node:crypto';

/** Tells an API key from an access token, and lets secret scanners find one that has leaked. */
export const apiKeyPrefix = 'pk_';

/** A new API key: 256 bits of chance behind the prefix. */
export function newApiKey(): string {
  return apiKeyPrefix + randomBytes(32).toString('base64url');
}

/** What is stored of an API key. Plain SHA-256 is enough for a secret that nobody can guess. */
export function hashApiKey(key: string): string {
  return hash('sha256', key, 'hex');
}

/** The part of an API key by which its owner recognises it. */
export function apiKeyHint(key: string): string {
  return `${key.slice(0, 7)}…`;
}
