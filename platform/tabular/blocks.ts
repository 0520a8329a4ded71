import { addAbortSignal, Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Failure } from '../../domain/failure.ts';
import type { TableLimits } from './limits.ts';

/** Length of each block but the last. The first is what the format and the encoding are judged by. */
const BLOCK_BYTES = 64 * 1024;

const RATIO_JUDGED_FROM = 32 * 1024 ** 2;

export interface Block {
  bytes: Buffer;
  /** Place of the block in the decompressed file. */
  offset: number;
  last: boolean;
}

/** Opens a file's bytes: decompressed, limited, in blocks of one length, however the source is cut. */
export class BlockReader {
  compression: 'gzip' | 'none' = 'none';
  /** Bytes taken from the source. */
  bytesRead = 0;

  private readonly source: Readable;
  /** The file as it is, where it is in memory and plain. */
  private readonly whole: Buffer | null;
  private readonly limits: TableLimits;
  private readonly signal: AbortSignal | undefined;

  constructor(source: Readable | Buffer, limits: TableLimits, signal?: AbortSignal) {
    this.whole = Buffer.isBuffer(source) && !isGzip(source) ? source : null;
    const stream = Buffer.isBuffer(source) ? Readable.from(this.whole ? [] : [source]) : source;
    this.source = signal ? addAbortSignal(signal, stream) : stream;
    this.limits = limits;
    this.signal = signal;
  }

  close(): void {
    this.source.destroy();
  }

  /**
   * The blocks, read as they are asked for. Because they don't depend on how the network cut the file, nothing that
   * is found in them does, and a second reading finds the same.
   * @throws Failure `search.file_too_large`, `search.file_zip_bomb`, `search.file_truncated`, `search.file_corrupt`.
   */
  async *blocks(): AsyncGenerator<Block> {
    if (this.whole) return yield* this.slices(this.whole);
    let filling = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    let filled = 0;
    let offset = 0;
    for await (const chunk of this.contents()) {
      for (let at = 0; at < chunk.length;) {
        // A full block waits for the next byte: only then is it known not to be the last.
        if (filled === BLOCK_BYTES) {
          yield { bytes: filling, offset, last: false };
          offset += filled;
          filling = Buffer.allocUnsafeSlow(BLOCK_BYTES);
          filled = 0;
        }
        const copied = chunk.copy(filling, filled, at);
        filled += copied;
        at += copied;
      }
    }
    yield { bytes: filling.subarray(0, filled), offset, last: true };
  }

  private *slices(whole: Buffer): Generator<Block> {
    this.checkSize(whole.length);
    for (let offset = 0, last = false; !last; offset += BLOCK_BYTES) {
      this.signal?.throwIfAborted();
      const bytes = whole.subarray(offset, offset + BLOCK_BYTES);
      this.bytesRead += bytes.length;
      last = offset + BLOCK_BYTES >= whole.length;
      yield { bytes, offset, last };
    }
  }

  private async *contents(): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      for await (const chunk of await this.decompressed()) {
        this.signal?.throwIfAborted();
        bytes += chunk.length;
        this.checkSize(bytes);
        yield chunk;
      }
    } catch (error) {
      throw this.explain(error);
    } finally {
      this.close();
    }
  }

  private checkSize(bytes: number): void {
    const { maxBytes, maxRatio } = this.limits;
    if (bytes > maxBytes) {
      const after = this.compression === 'gzip' ? ' after decompression' : '';
      throw new Failure('search.file_too_large', `The file is larger than ${maxBytes} bytes${after}.`, {
        maxBytes,
      });
    }
    const suspicious = bytes > RATIO_JUDGED_FROM && bytes > this.bytesRead * maxRatio;
    if (this.compression === 'gzip' && suspicious) {
      const message = `The file grows more than ${maxRatio} times when it is decompressed. Upload it uncompressed.`;
      throw new Failure('search.file_zip_bomb', message, { maxRatio });
    }
  }

  private explain(error: unknown): unknown {
    if (this.signal?.aborted) return this.signal.reason;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'Z_BUF_ERROR') {
      return new Failure(
        'search.file_truncated',
        'The gzip file ends in the middle: its upload or export was cut off.',
      );
    }
    if (code === 'Z_DATA_ERROR' || code === 'Z_NEED_DICT') {
      return new Failure('search.file_corrupt', 'The gzip file is damaged.');
    }
    return error;
  }

  private async decompressed(): Promise<AsyncIterable<Buffer>> {
    const chunks = this.counted();
    const start: Buffer[] = [];
    let length = 0;
    while (length < 2) {
      const next = await chunks.next();
      if (next.done) break;
      start.push(next.value);
      length += next.value.length;
    }
    const whole = rejoin(start, chunks);
    if (!isGzip(Buffer.concat(start))) return whole;

    this.compression = 'gzip';
    const gunzip = createGunzip({ chunkSize: BLOCK_BYTES });
    // An error of any part destroys gunzip, whose reader gets it.
    return pipeline(Readable.from(whole, { objectMode: false }), gunzip, () => undefined);
  }

  private async *counted(): AsyncGenerator<Buffer> {
    for await (const chunk of this.source) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer);
      this.bytesRead += bytes.length;
      yield bytes;
    }
  }
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

async function* rejoin(start: Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* start;
  yield* rest;
}
