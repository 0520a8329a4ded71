import { Failure } from '../../failure.ts';

const deepest = 64;

/** Whole numbers with fewer are below 2⁵³. */
const manyDigits = /\d{16}/;

/**
 * Reads JSON so that no whole number loses a digit: one beyond 2⁵³ comes as the text that stood there (the 18-digit IDs of
 * shops would be rounded otherwise).
 *
 * @throws Failure `webhooks.body_malformed` for what is not JSON in UTF-8, or nested without end
 */
export function parseExact(text: string): unknown {
  // Without so many digits in a row nothing can be lost, and a parser that asks about each value takes six times as long.
  return parse(text, manyDigits.test(text) ? exactly : undefined);
}

/** Refuses what `parseExact` would. Whoever needs nothing of the body has it checked by this, which is faster. */
export function requireJson(text: string): void {
  parse(text);
}

function parse(text: string, reviver?: typeof exactly): unknown {
  requireShallow(text);
  try {
    return JSON.parse(text, reviver as ((key: string, value: unknown) => unknown) | undefined) as unknown;
  } catch {
    throw malformed('The body is not valid JSON.');
  }
}

/** The text of a body. @throws Failure `webhooks.body_malformed` for what is not UTF-8 */
export function textOf(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw malformed('The body is not UTF-8.');
  }
}

function exactly(_key: string, value: unknown, { source }: { source?: string }): unknown {
  const lossy = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return lossy && source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

/** Before it is parsed, as the parser with a function goes down by recursion. */
function requireShallow(text: string): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) depth -= 1;
    if (depth > deepest) throw malformed(`The body is nested more than ${deepest} levels deep.`);
  }
}

function malformed(message: string): Failure {
  return new Failure('webhooks.body_malformed', message);
}
