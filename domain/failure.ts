import { errorKinds, type ErrorCode, type ErrorKind } from './errors.ts';

/** One thing that is wrong with an input: a JSON pointer (RFC 6901) and why. */
export interface Issue {
  pointer: string;
  message: string;
}

export interface FailureDetails {
  issues?: Issue[];
  /** Seconds after which the caller may try again. */
  retryAfter?: number;
  /** Members of a problem (RFC 9457) and of ours: a fact is named otherwise, or it would be lost. */
  type?: never;
  title?: never;
  status?: never;
  detail?: never;
  instance?: never;
  code?: never;
  trace_id?: never;
  /** Plain facts the caller may see. Never personal data, never a secret. */
  [fact: string]: unknown;
}

/**
 * A coded failure: something the caller can understand and act on.
 * Anything else that is thrown is a bug or a passing fault: it is retried in an activity, and a 500 without detail in
 * the API.
 */
export class Failure extends Error {
  readonly code: ErrorCode;
  readonly details: FailureDetails;

  constructor(code: ErrorCode, message: string, details: FailureDetails = {}) {
    super(message);
    this.name = 'Failure';
    this.code = code;
    this.details = details;
  }

  get kind(): ErrorKind {
    return errorKinds[this.code];
  }
}

/** For `catch`, where one failure only says that there is nothing: gives null for it, and throws everything else again. */
export function nullFor(code: ErrorCode): (error: unknown) => null {
  return (error) => {
    if (error instanceof Failure && error.code === code) return null;
    throw error;
  };
}
