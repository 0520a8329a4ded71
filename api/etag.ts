import type { Context } from 'koa';
import { Failure } from '../domain/failure.ts';

/** The entity tag (RFC 9110 §8.8.3) of a version of something that people edit. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/** Refuses an edit that was made on another version than the present one. Without `If-Match` there is no such check. */
export function requireMatch(ctx: Context, version: number): void {
  const given = ctx.get('If-Match');
  if (given === '' || given === '*') return;
  const tags = given.split(',').map((tag) => tag.trim());
  if (!tags.includes(etagOf(version))) {
    throw new Failure('request.precondition_failed', 'It has been changed meanwhile. Read it again.');
  }
}
