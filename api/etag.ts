import type { Context } from 'koa';
import { createHash } from 'node:crypto';
import { Failure } from '../domain/failure.ts';

/** The entity tag (RFC 9110 §8.8.3) of something that people edit: of its version, or of what stands in it. */
export function etagOf(state: number | object): string {
  if (typeof state === 'number') return `"${state}"`;
  return `"${createHash('sha256').update(canonical(state)).digest('base64url').slice(0, 22)}"`;
}

/** Refuses an edit that was made on another state than the present one. Without `If-Match` there is no such check. */
export function requireMatch(ctx: Context, state: number | object): void {
  const given = ctx.get('If-Match');
  if (given === '' || given === '*') return;
  const tags = given.split(',').map((tag) => tag.trim());
  if (!tags.includes(etagOf(state))) {
    throw new Failure('request.precondition_failed', 'It has been changed meanwhile. Read it again.');
  }
}

/** JSON with its members in order: PostgreSQL gives those of a jsonb back in an order of its own. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
