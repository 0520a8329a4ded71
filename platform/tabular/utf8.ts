export interface Utf8Inspection {
  /** Correct sequences of two bytes and more. */
  sequences: number;
  /** Bytes that belong to no correct sequence. */
  invalid: number;
  /** Place of the first such byte, or -1. */
  firstInvalid: number;
}

/**
 * Length of the correct UTF-8 sequence at a place (RFC 3629 §4: no overlong forms, no surrogates, nothing past
 * U+10FFFF); 0 when it is wrong, -1 when the buffer ends in its middle.
 */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  for (let i = 1; i < length; i += 1) {
    const byte = bytes[at + i];
    if (byte === undefined) return -1;
    let [low, high] = [0x80, 0xbf];
    if (i === 1 && lead === 0xe0) low = 0xa0;
    if (i === 1 && lead === 0xed) high = 0x9f;
    if (i === 1 && lead === 0xf0) low = 0x90;
    if (i === 1 && lead === 0xf4) high = 0x8f;
    if (byte < low || byte > high) return 0;
  }
  return length;
}

/** Where the last complete character ends: at most three bytes before the end of the buffer. */
export function completeUtf8End(bytes: Uint8Array): number {
  for (let at = Math.max(0, bytes.length - 3); at < bytes.length; at += 1) {
    if (((bytes[at] ?? 0) & 0xc0) !== 0x80 && sequenceLength(bytes, at) === -1) return at;
  }
  return bytes.length;
}

/** Counts what is and what isn't UTF-8. A sequence that the buffer cuts off counts as wrong. */
export function inspectUtf8(bytes: Uint8Array): Utf8Inspection {
  const found: Utf8Inspection = { sequences: 0, invalid: 0, firstInvalid: -1 };
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length > 1) found.sequences += 1;
    if (length < 1) {
      found.invalid += 1;
      if (found.firstInvalid < 0) found.firstInvalid = at;
    }
    at += Math.max(length, 1);
  }
  return found;
}
