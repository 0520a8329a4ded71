import type { z } from 'zod';
import { Failure, type Issue } from '../domain/failure.ts';

/** Checks one part of a request. A failure names every issue, each by its place in that part. */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
  part: 'params' | 'query' | 'body',
): z.output<S> {
  const result = schema.safeParse(value);
  // No text of PostgreSQL can hold U+0000. In a body it is refused where the body is read.
  const holdsNul =
    part !== 'body' &&
    Object.values(value as object)
      .join('')
      .includes('\0');
  if (result.success && !holdsNul) return result.data;
  // A path that does not fit names nothing that exists: it is a 404, as for an id of nobody's.
  if (part === 'params') throw new Failure('request.not_found', 'There is nothing at this address.');
  if (holdsNul) throw new Failure('request.invalid', `The ${part} holds the character U+0000.`);
  throw new Failure('request.invalid', `The ${part} is not valid.`, {
    issues: (result.error?.issues ?? []).map((issue) => toIssue(part, issue)),
  });
}

function toIssue(part: string, issue: z.core.$ZodIssue): Issue {
  const pointer = [
    '',
    part,
    ...issue.path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1')),
  ].join('/');
  return { pointer, message: issue.message };
}
