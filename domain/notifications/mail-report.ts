import { withoutAddresses } from './mail-outcome.ts';

/** A part of a message that came back: its media type, in small letters, and its text. */
export interface ReportPart {
  type: string;
  text: string;
}

/** A message that tells of another (`multipart/report`, RFC 6522), taken apart. */
export interface ReportMessage {
  /** The addresses that it came to, as its headers name them. */
  recipients: readonly string[];
  parts: readonly ReportPart[];
}

/**
 * What is told of a mail after the mail server had taken it over:
 *
 * - `bounced`: it will never arrive, and neither will others at that address.
 * - `failed`: it did not arrive, for a reason that may be over for the next one.
 * - `delayed`: it is still being tried.
 * - `arrived`: it was delivered, or handed on to where nothing more is told of it.
 * - `complaint`: its reader calls it spam.
 * - `feedback`: its reader's provider says something else of it.
 */
export const reportKinds = ['bounced', 'failed', 'delayed', 'arrived', 'complaint', 'feedback'] as const;
export type ReportKind = (typeof reportKinds)[number];

export interface MailReport {
  kind: ReportKind;
  /** The enhanced code (RFC 3463); null where there is none. */
  status: string | null;
  /** What the server has said, or the type of the feedback; no address stands in it. */
  detail: string | null;
  /** What may be the token of the mail that it is about, from the places where one stands. */
  names: readonly string[];
}

/** What a report of each kind does to the address of its mail. */
export function suppressionFor(kind: ReportKind): 'bounce' | 'complaint' | null {
  if (kind === 'bounced') return 'bounce';
  return kind === 'complaint' ? 'complaint' : null;
}

/** Reads a delivery status notification (RFC 3464) or a feedback report (ARF, RFC 5965); null when it is neither. */
export function readReport({ recipients, parts }: ReportMessage): MailReport | null {
  const textOf = (types: readonly string[]): string | null =>
    parts.find(({ type }) => types.includes(type))?.text ?? null;
  const status = textOf(['message/delivery-status', 'message/global-delivery-status']);
  const feedback = textOf(['message/feedback-report']);
  const told = status === null ? feedback && readFeedback(feedback) : readStatus(status);
  if (!told) return null;
  const returned = fieldsIn(textOf(returnedTypes) ?? '')[0];
  const names = [
    told.envelopeId,
    ...recipients.flatMap(taggedIn),
    ...taggedIn(told.mailFrom),
    ...taggedIn(returned?.get('return-path')),
    /^<([^@\s]+)@/.exec(returned?.get('message-id') ?? '')?.[1],
  ];
  const { kind, status: code, detail } = told;
  return { kind, status: code, detail, names: names.filter((name) => name !== undefined) };
}

/** The mail itself, or its headers. */
const returnedTypes = ['message/rfc822', 'text/rfc822-headers', 'message/global', 'message/global-headers'];

type Told = Omit<MailReport, 'names'> & { envelopeId?: string | undefined; mailFrom?: string | undefined };

/** From the best end of a mail to the worst. */
const ends = ['arrived', 'delayed', 'failed', 'bounced'] as const satisfies readonly ReportKind[];

/**
 * A mail of ours has one recipient. Several are told of where that address hands mails on; then the best of their ends counts, as the
 * address does take mails.
 */
function readStatus(text: string): Told | null {
  const blocks = fieldsIn(text);
  const told = blocks.flatMap((fields) => {
    const kind = endOf(fields.get('action'), codeIn(fields.get('status')));
    return kind ? [{ kind, fields }] : [];
  });
  const [best] = told.toSorted((a, b) => ends.indexOf(a.kind) - ends.indexOf(b.kind));
  if (!best) return null;
  const diagnosis = best.fields.get('diagnostic-code');
  return {
    kind: best.kind,
    status: codeIn(best.fields.get('status')),
    detail: diagnosis === undefined ? null : withoutAddresses(diagnosis),
    envelopeId: blocks.find((fields) => fields.has('original-envelope-id'))?.get('original-envelope-id'),
  };
}

function endOf(action: string | undefined, code: string | null): (typeof ends)[number] | null {
  switch (action?.toLowerCase()) {
    case 'failed':
      return code !== null && speaksOfAddress(code) ? 'bounced' : 'failed';
    case 'delayed':
      return 'delayed';
    case 'delivered':
    case 'relayed':
    case 'expanded':
      return 'arrived';
    default:
      return null;
  }
}

/**
 * Whether a failure is permanent and the address's: `5.1` (no such address), `5.2` (its mailbox), `5.4` (no way to its host) and `5.0`,
 * which says no more. The mailbox may well be there after `5.3` (its server), `5.5` (how it was spoken to), `5.6` (the content) and `5.7`
 * (what we may).
 */
function speaksOfAddress(code: string): boolean {
  return /^5\.[0124]\./.test(code);
}

function codeIn(status: string | undefined): string | null {
  return /^[245]\.\d{1,3}\.\d{1,3}(?!\S)/.exec(status ?? '')?.[0] ?? null;
}

function readFeedback(text: string): Told | null {
  const [fields] = fieldsIn(text);
  const type = fields?.get('feedback-type')?.toLowerCase();
  if (!fields || type === undefined || !/^[a-z0-9-]{1,40}$/.test(type)) return null;
  return {
    kind: type === 'abuse' ? 'complaint' : 'feedback',
    status: null,
    detail: type,
    envelopeId: fields.get('original-envelope-id'),
    mailFrom: fields.get('original-mail-from'),
  };
}

/** What stands behind the `+` of addresses. */
function taggedIn(text: string | undefined): string[] {
  return [...(text ?? '').matchAll(/\+([0-9A-Za-z]{1,60})@/g)].map(([, tag = '']) => tag);
}

/** More than a report that is meant well has. */
const mostBlocks = 100;

/** Blocks of fields as headers have them (RFC 5322 §2.2), by their names in small letters; of several of a name the first. */
function fieldsIn(text: string): Map<string, string>[] {
  const blocks = text
    .replaceAll('\r\n', '\n')
    .trimStart()
    .split(/\n(?:[ \t]*\n)+/, mostBlocks);
  return blocks.map((block) => {
    const fields = new Map<string, string>();
    for (const line of block.replaceAll(/\n[ \t]+/g, ' ').split('\n')) {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
      if (name !== '' && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
    }
    return fields;
  });
}
