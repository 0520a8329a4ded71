import validator from 'validator';
import { Failure } from '../failure.ts';

/** An e-mail address in its standard forms, next to what the caller wrote. */
export interface NormalisedEmail {
  /** Exactly what the caller wrote. */
  raw: string;
  /** The address to write to: local part as written, domain in lower-case ASCII (IDNA A-labels). */
  address: string;
  /** The part before the @, as written. */
  local: string;
  /** The domain in lower-case ASCII. */
  domain: string;
  /**
   * The key of comparison: two addresses with one key reach the same mailbox by the published rules of its provider
   * (case, Gmail's dots, plus-tags). Not an address to write to.
   */
  key: string;
}

/** RFC 5321 §4.5.3.1: 64 octets for the local part, 255 for the domain; the rest is room for a display name. */
const maximumLength = 500;

/** Providers that ignore what follows a plus sign, and that validator's rules leave out. Source: their help pages. */
const plusTagDomains = new Set([
  // Apple: mac.com is the third domain of iCloud mail, https://support.apple.com/118230
  'mac.com',
  // Proton: https://proton.me/support/creating-aliases
  'proton.me',
  'protonmail.com',
  'protonmail.ch',
  'pm.me',
]);

/**
 * Fastmail's own domains: plus-tags, and `tag@user.fastmail.com` for `user@fastmail.com`.
 * Source: https://www.fastmail.help/hc/en-us/articles/360060591053
 */
const fastmailDomain =
  /^(?:(?<user>[a-z0-9][a-z0-9_-]*)\.)?(?<base>fastmail\.(?:com(?:\.au)?|co\.uk|fm|cn|de|es|in|jp|mx|net|nl|org|se|to|tw|uk|us))$/;

/**
 * Reads one e-mail address: bare, as `mailto:` URI, or with a display name in front of `<…>`.
 *
 * @throws Failure `search.email_invalid`; the message never repeats the address
 */
export function normaliseEmail(raw: string): NormalisedEmail {
  const text = unwrap(
    raw
      .replace(/\p{Cf}/gu, '')
      .normalize('NFC')
      .trim(),
  );
  if (text === '') throw new Failure('search.email_invalid', 'The e-mail address is empty.');
  if (text.length > maximumLength) {
    throw new Failure(
      'search.email_invalid',
      `The e-mail address is longer than ${maximumLength} characters.`,
    );
  }
  const at = text.lastIndexOf('@');
  if (at < 0) throw new Failure('search.email_invalid', 'The e-mail address has no @.');
  const local = text.slice(0, at);
  const domain = asciiDomain(text.slice(at + 1));
  const address = `${local}@${domain}`;
  if (domain === null || !validator.isEmail(address)) {
    throw new Failure('search.email_invalid', "This can't be read as an e-mail address (RFC 5321).");
  }
  const key = mailboxKey(local, domain);
  if (key === null)
    throw new Failure('search.email_invalid', 'The e-mail address has nothing before its tag.');
  return { raw, address, local, domain, key };
}

/** The key of comparison of an address, or null if it can't be read as one. */
export function emailKey(raw: string): string | null {
  try {
    return normaliseEmail(raw).key;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** Takes off `mailto:` with its query, or a display name with its angle brackets. */
function unwrap(text: string): string {
  if (/^mailto:/i.test(text)) return text.slice('mailto:'.length).replace(/\?.*$/s, '').trim();
  const bracketed = /^[^<>]*<\s*(?<address>[^<>]+?)\s*>$/.exec(text)?.groups?.['address'];
  return bracketed ?? text;
}

/** A domain in lower-case A-labels (UTS 46, as browsers do it), or null if it isn't a domain name. */
function asciiDomain(domain: string): string | null {
  const name = domain.replace(/\.$/, '');
  if (name === '' || /[\s/?#@:\\[\]%]/.test(name)) return null;
  const url = URL.parse(`http://${name}`);
  // The URL parser reads "127.1" as an IPv4 address; an address literal is not a domain of people's mail.
  return url === null || /^[\d.]+$/.test(url.hostname) ? null : url.hostname;
}

function mailboxKey(local: string, domain: string): string | null {
  const fastmail = fastmailDomain.exec(domain)?.groups;
  if (fastmail?.['user'] !== undefined) return `${fastmail['user']}@${fastmail['base']}`;
  if (fastmail !== undefined || plusTagDomains.has(domain)) {
    const user = local.split('+')[0]?.toLowerCase();
    return user === undefined || user === '' ? null : `${user}@${domain}`;
  }
  const key = validator.normalizeEmail(`${local}@${domain}`);
  return key === false ? null : key;
}
