import { createHash } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Archive, ArchivedFile } from '../../db/identity/exports.repository.ts';
import type { ExportKind } from '../../domain/identity/export.ts';
import type { ObjectStorage } from '../../platform/storage/object-storage.ts';
import type { ExportPart } from '../../workflows/tenants/messages.ts';
import { attachedFiles, contentOf, type AttachedContent } from './attached-files.ts';

const maxBytes = 150 * 1024 ** 3;

/** What an archive is told of a file stays in memory until its end. */
const mostAttached = 100_000;

export interface ArchiveOrder {
  exportId: string;
  kind: ExportKind;
  /** When it was asked for: the time of all its files, so that a repetition makes the same archive. */
  askedAt: Date;
  parts: readonly ExportPart[];
}

/**
 * Makes one ZIP of all parts, as a stream: the parts of a file one after the other, then the files that their rows name, with a
 * manifest at the end.
 */
export async function writeArchive(
  storage: ObjectStorage,
  key: string,
  { exportId, kind, askedAt, parts }: ArchiveOrder,
  signal: AbortSignal,
): Promise<Archive> {
  const zip = new ZipFile();
  const out = new PassThrough();
  const open = new Set<Readable>();
  const fail = (error: unknown): void => void out.destroy(error as Error);
  // What goes wrong is told by what is awaited; an event without a listener would end the process.
  out.on('error', () => undefined);
  zip.on('error', fail);
  zip.outputStream.pipe(out);
  const add = (name: string, content: () => AsyncIterable<Uint8Array>, compress = true): void => {
    zip.addReadStreamLazy(name, { mtime: askedAt, compress }, (give) => {
      const stream = Readable.from(content(), { objectMode: false });
      stream.on('error', fail);
      open.add(stream);
      stream.once('close', () => open.delete(stream));
      give(null, stream);
    });
  };

  const files: ArchivedFile[] = [];
  const byFile = Map.groupBy(parts, ({ file }) => file);
  add('README.md', () => text(readmeOf(kind, askedAt, parts)));
  for (const [name, some] of byFile) {
    add(name, async function* () {
      const hash = createHash('sha256');
      let bytes = 0;
      for (const part of some) {
        for await (const chunk of await storage.get(part.key, { signal })) {
          hash.update(chunk as Buffer);
          bytes += (chunk as Buffer).byteLength;
          yield chunk as Buffer;
        }
      }
      const rows = some.reduce((sum, part) => sum + part.rows, 0);
      files.push({ name, rows, bytes, sha256: hash.digest('hex') });
    });
  }
  const attached: AttachedContent[] = [];
  const about = { export_id: exportId, of: kind, asked_for_at: askedAt };
  try {
    let named = 0;
    for await (const one of attachedFiles(storage, parts, signal)) {
      named += 1;
      if (named > mostAttached) continue;
      // Pictures are as small as they can be.
      add(one.name, () => contentOf(storage, one, signal, (content) => attached.push(content)), false);
    }
    const leftOut = Math.max(0, named - mostAttached);
    // Its turn comes when all the others are through: by then it is known what is in them.
    add('manifest.json', () =>
      text(`${JSON.stringify({ ...about, files, attached, attached_left_out: leftOut }, null, 2)}\n`),
    );
    zip.end();
    const { bytes, sha256 } = await storage.put(key, out, {
      contentType: 'application/zip',
      maxBytes,
      signal,
    });
    return { key, bytes, sha256, files };
  } finally {
    for (const stream of [...open, out]) stream.destroy();
  }
}

async function* text(content: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(content);
}

const titles: Record<ExportKind, string> = {
  organisation: 'What Perdure keeps of your organisation',
  account: 'What Perdure keeps of your account',
  person: 'What your organisation keeps of a person',
};

function readmeOf(kind: ExportKind, askedAt: Date, parts: readonly ExportPart[]): string {
  const files = new Map(parts.map(({ file, about }) => [file, about]));
  return `# ${titles[kind]}

Asked for at ${askedAt.toISOString()}, collected from then on.

Each file has one JSON object a line (NDJSON, UTF-8). Times are ISO 8601; amounts in micros are millionths of the currency.
\`manifest.json\` tells of each file how many rows and bytes it has, and its SHA-256. Files that a row names as its \`file\` are
under \`attached\` there.

${[...files].map(([file, about]) => `- \`${file}\`: ${about}`).join('\n')}
`;
}
