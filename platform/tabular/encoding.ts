import { isAscii, isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { Failure } from '../../domain/failure.ts';
import { refuseBinaryBytes } from './binary.ts';
import type { Block } from './blocks.ts';
import { completeUtf8End, inspectUtf8 } from './utf8.ts';

/**
 * Turns a file's blocks into text, in order. A character that two blocks share comes with the later one.
 * @throws Failure `search.file_encoding`, naming the byte, where the bytes are not text in this encoding.
 */
export interface BlockDecoder {
  readonly encoding: string;
  decode(block: Block): string;
}

const byteOrderMarks = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
] as const;

/**
 * Finds out the encoding of a file by its first block: a byte order mark; the zero bytes of UTF-16; UTF-8 when it is
 * that, or mostly that (then the wrong bytes are errors); else Windows-1252, in which every byte means something. A
 * file that starts in ASCII is judged by the first block that has other bytes.
 * @param forced the encoding the caller named, by any WHATWG label.
 * @param assume told when Windows-1252 is assumed.
 * @throws Failure `search.file_binary`, `search.file_encoding` for an unknown label or UTF-32.
 */
export function openDecoder(first: Block, forced: string | undefined, assume: () => void): BlockDecoder {
  const sample = first.bytes;
  if (sample.subarray(0, 4).equals(Buffer.from([0xff, 0xfe, 0, 0]))) {
    throw new Failure('search.file_encoding', 'The file is in UTF-32. Save it as UTF-8.');
  }
  const mark = byteOrderMarks.find(([, bytes]) => bytes.every((byte, i) => sample[i] === byte));
  const named = forced === undefined ? undefined : canonicalLabel(forced);
  const encoding = named ?? mark?.[0] ?? looksLikeUtf16(sample) ?? 'unknown';
  const markLength = mark?.[0] === encoding ? mark[1].length : 0;

  if (encoding === 'utf-16le' || encoding === 'utf-16be') return new Utf16Decoder(encoding, markLength);
  refuseBinaryBytes(sample);
  if (encoding === 'utf-8') return new Utf8Decoder(markLength);
  if (encoding === 'unknown') return new GuessingDecoder(assume);
  return new LabelledDecoder(encoding);
}

function canonicalLabel(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Failure(
      'search.file_encoding',
      'This encoding is not known. Name one such as utf-8 or windows-1252.',
    );
  }
}

/**
 * UTF-16 without a mark: there are zero bytes, as in every ASCII character, and read in one of the two orders the
 * bytes are lines of assigned characters. Plain text with a few stray zeros could pass for it, so that is ruled out
 * first.
 */
function looksLikeUtf16(sample: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const zeros = [0, 0];
  let printable = 0;
  sample.forEach((byte, i) => {
    if (byte === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1;
    else if ((byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d)) printable += 1;
  });
  const [even = 0, odd = 0] = zeros;
  const others = sample.length - even - odd;
  if (even + odd === 0 || (even + odd < sample.length / 4 && printable >= others * 0.9)) return undefined;

  const orders = ['utf-16le', 'utf-16be'] as const;
  const likely = odd >= even ? orders : orders.toReversed();
  return likely.find((encoding) => {
    const text = utf16Text(sample.subarray(0, sample.length - (sample.length % 2)), encoding);
    // The sample may end between the halves of a surrogate pair.
    const readsWell = !/(?!\s)[\p{Cc}\p{Cn}\p{Co}]|\p{Cs}(?!$)/u.test(text);
    return readsWell && /[\r\n]/.test(text);
  });
}

function utf16Text(bytes: Buffer, encoding: 'utf-16le' | 'utf-16be'): string {
  return (encoding === 'utf-16be' ? Buffer.from(bytes).swap16() : bytes).toString('utf16le');
}

function notText(encoding: string, byte: number): Failure {
  const message = `The file is not correct ${encoding.toUpperCase()}: byte ${byte} can't be read.`;
  return new Failure('search.file_encoding', message, { encoding, byte });
}

/** Keeps the bytes of a character that its block cut, and knows the place of what it hands on. */
class Carry {
  private kept = Buffer.alloc(0);

  join(block: Block): { bytes: Buffer; offset: number } {
    const offset = block.offset - this.kept.length;
    const bytes = this.kept.length === 0 ? block.bytes : Buffer.concat([this.kept, block.bytes]);
    this.kept = Buffer.alloc(0);
    return { bytes, offset };
  }

  keep(bytes: Buffer): void {
    this.kept = Buffer.from(bytes);
  }
}

class Utf8Decoder implements BlockDecoder {
  readonly encoding = 'utf-8';
  private readonly carry = new Carry();
  private readonly markLength: number;

  constructor(markLength: number) {
    this.markLength = markLength;
  }

  decode(block: Block): string {
    const { bytes, offset } = this.carry.join(block);
    const start = offset === 0 ? this.markLength : 0;
    const end = block.last ? bytes.length : completeUtf8End(bytes);
    const part = bytes.subarray(start, end);
    this.carry.keep(bytes.subarray(end));
    // One byte a character: half the memory, and faster to search.
    if (isAscii(part)) return part.toString('latin1');
    if (!isUtf8(part)) throw notText('utf-8', offset + start + inspectUtf8(part).firstInvalid);
    return part.toString('utf8');
  }
}

class Utf16Decoder implements BlockDecoder {
  readonly encoding: 'utf-16le' | 'utf-16be';
  private readonly carry = new Carry();
  private readonly markLength: number;

  constructor(encoding: 'utf-16le' | 'utf-16be', markLength: number) {
    this.encoding = encoding;
    this.markLength = markLength;
  }

  decode(block: Block): string {
    const { bytes, offset } = this.carry.join(block);
    const start = offset === 0 ? this.markLength : 0;
    let end = bytes.length - (bytes.length % 2);
    if (block.last && end < bytes.length) throw notText(this.encoding, offset + end);
    let text = utf16Text(bytes.subarray(start, end), this.encoding);
    const final = text.charCodeAt(text.length - 1);
    if (!block.last && final >= 0xd800 && final <= 0xdbff) {
      end -= 2;
      text = text.slice(0, -1);
    }
    this.carry.keep(bytes.subarray(end));
    if (!text.isWellFormed()) throw notText(this.encoding, offset + start + 2 * firstLoneSurrogate(text));
    return text;
  }
}

function firstLoneSurrogate(text: string): number {
  return text.search(/\p{Surrogate}/u);
}

/** ASCII until a block says otherwise; then UTF-8 or Windows-1252 for the rest of the file. */
class GuessingDecoder implements BlockDecoder {
  private chosen: BlockDecoder | undefined;
  private readonly carry = new Carry();
  private readonly assume: () => void;

  constructor(assume: () => void) {
    this.assume = assume;
  }

  get encoding(): string {
    return this.chosen?.encoding ?? 'utf-8';
  }

  decode(block: Block): string {
    if (this.chosen) return this.chosen.decode(block);
    const { bytes, offset } = this.carry.join(block);
    const end = block.last ? bytes.length : completeUtf8End(bytes);
    const part = bytes.subarray(0, end);
    if (isAscii(part)) {
      this.carry.keep(bytes.subarray(end));
      return part.toString('latin1');
    }
    const { sequences, invalid } = inspectUtf8(part);
    if (invalid > sequences) {
      this.chosen = new LabelledDecoder('windows-1252');
      this.assume();
    } else {
      this.chosen = new Utf8Decoder(0);
    }
    return this.chosen.decode({ bytes, offset, last: block.last });
  }
}

/** Any other encoding that the platform knows. */
class LabelledDecoder implements BlockDecoder {
  readonly encoding: string;
  private readonly decoder: TextDecoder;

  constructor(encoding: string) {
    this.encoding = encoding;
    this.decoder = new TextDecoder(encoding, { fatal: true });
  }

  decode(block: Block): string {
    try {
      return this.decoder.decode(block.bytes, { stream: !block.last });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const from = block.offset;
      const message = `The file is not correct ${this.encoding}: bytes ${from} to ${from + block.bytes.length} can't be read.`;
      throw new Failure('search.file_encoding', message, { encoding: this.encoding, byte: from });
    }
  }
}
