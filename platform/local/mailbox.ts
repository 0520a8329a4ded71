import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import PostalMime, { type Address } from 'postal-mime';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';

/**
 * A folder of received mails: `<id>.eml` is the mail as it came, `<id>.json` its entry in the list. The entry is
 * written last, so a mail that is listed is whole. Ids are UUID v7: their order is the order of arrival.
 */
const entry = z.object({
  id: z.uuid(),
  receivedAt: z.iso.datetime(),
  from: z.string(),
  to: z.array(z.string()),
  subject: z.string(),
  /** Bytes of the whole mail. */
  size: z.int().nonnegative(),
});

export type MailEntry = z.output<typeof entry>;

export interface Mail extends MailEntry {
  text: string;
  html: string | null;
  attachments: { fileName: string; mediaType: string; size: number }[];
}

/** Keeps a mail, as received with this envelope, and returns its entry. On return it is on disk. */
export async function storeMail(
  folder: string,
  raw: Buffer,
  envelope: { from: string; to: string[] },
): Promise<MailEntry> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { subject } = await PostalMime.parse(raw);
  const stored: MailEntry = {
    id: uuidv7(),
    receivedAt: new Date().toISOString(),
    ...envelope,
    subject: subject ?? '',
    size: raw.length,
  };
  await writeWhole(join(folder, `${stored.id}.eml`), raw);
  await writeWhole(join(folder, `${stored.id}.json`), JSON.stringify(stored));
  return stored;
}

/**
 * The newest mails first, at most `limit`; with `before`, those older than that id. With `to`, only those addressed
 * to this address (letter case aside).
 */
export async function listMails(
  folder: string,
  wanted: { limit?: number; before?: string; to?: string } = {},
): Promise<MailEntry[]> {
  const { limit = 50, before, to } = wanted;
  const ids = (await namesIn(folder))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .filter((id) => before === undefined || id < before)
    .sort()
    .toReversed();
  const found: MailEntry[] = [];
  for (const id of ids) {
    if (found.length === limit) break;
    const one = await readEntry(folder, id);
    const isWanted = to === undefined || one?.to.some((address) => sameAddress(address, to));
    if (one && isWanted) found.push(one);
  }
  return found;
}

/** One mail with its readable parts; null when there is none with this id. */
export async function readMail(folder: string, id: string): Promise<Mail | null> {
  const found = await readEntry(folder, id);
  if (!found) return null;
  const parsed = await PostalMime.parse(await readFile(join(folder, `${found.id}.eml`)));
  return {
    ...found,
    from: parsed.from ? textOf(parsed.from) : found.from,
    text: parsed.text ?? '',
    html: parsed.html ?? null,
    attachments: parsed.attachments.map(({ filename, mimeType, content }) => ({
      fileName: filename ?? '',
      mediaType: mimeType,
      size: typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength,
    })),
  };
}

/** The mail exactly as it came (RFC 5322); null when there is none with this id. */
export async function readRawMail(folder: string, id: string): Promise<Buffer | null> {
  const found = await readEntry(folder, id);
  return found ? await readFile(join(folder, `${found.id}.eml`)) : null;
}

async function readEntry(folder: string, id: string): Promise<MailEntry | null> {
  // The id comes from a caller and becomes a file name: nothing but a UUID may.
  if (!z.uuid().safeParse(id).success) return null;
  try {
    return entry.parse(JSON.parse(await readFile(join(folder, `${id}.json`), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function textOf({ name, address }: Address): string {
  if (!address) return name;
  return name ? `"${name}" <${address}>` : address;
}

async function writeWhole(path: string, content: Buffer | string): Promise<void> {
  const prepared = `${path}.${randomUUID()}`;
  try {
    const file = await open(prepared, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(prepared, path);
  } finally {
    await rm(prepared, { force: true });
  }
}
