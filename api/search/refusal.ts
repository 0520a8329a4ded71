import { Failure, type Issue } from '../../domain/failure.ts';
import type { SearchProblem } from '../../services/search/contract.ts';

const codes = ['search.phone_invalid', 'search.email_invalid', 'search.query_empty'] as const;

/** A question that could not be read, as a failure with every issue at its place in the body. */
export function refusalOf(problem: SearchProblem, facts: Record<string, unknown> = {}): Failure {
  const code = codes.find((known) => known === problem.code) ?? 'search.query_invalid';
  return new Failure(code, problem.message, { ...facts, issues: inBody(problem.issues) });
}

/** Issues of a question, at their places in the body. */
export function inBody(issues: readonly Issue[] = []): Issue[] {
  return issues.map(({ pointer, message }) => ({ pointer: `/body${pointer}`, message }));
}
