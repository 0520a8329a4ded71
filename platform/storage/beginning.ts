import type { Readable } from 'node:stream';

/** The whole of a small file, or what a large one begins with and goes on with. */
export type Beginning =
  | { whole: true; content: Buffer }
  | { whole: false; chunks: AsyncIterable<Uint8Array> };

/** Reads a file until it ends, or turns out to have more than `most` bytes. */
export async function readBeginning(stream: Readable, most: number): Promise<Beginning> {
  const source = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const read: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= most) {
    const next = await source.next();
    if (next.done) return { whole: true, content: Buffer.concat(read) };
    read.push(next.value);
    bytes += next.value.length;
  }
  return {
    whole: false,
    chunks: (async function* () {
      yield* read;
      yield* { [Symbol.asyncIterator]: () => source };
    })(),
  };
}
