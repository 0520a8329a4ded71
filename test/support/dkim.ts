import { createHash, createVerify } from 'node:crypto';

/** What a DKIM signature (RFC 6376) says of a mail, checked anew. */
export interface DkimVerdict {
  /** Both the body and the headers are as they were signed. */
  valid: boolean;
  domain: string;
  selector: string;
  /** The headers that it covers, in lower case. */
  covers: string[];
}

/** Verifies the first signature of a mail, made with `rsa-sha256` and `relaxed/relaxed`, by a public key. */
export function verifyDkim(raw: string, publicKey: string): DkimVerdict {
  const [head = '', ...rest] = raw.split('\r\n\r\n');
  const body = rest.join('\r\n\r\n');
  const headers = head.split(/\r\n(?![ \t])/);
  const named = (name: string): string[] =>
    headers.filter((header) => header.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  const [signature = ''] = named('DKIM-Signature');
  const tags = Object.fromEntries(
    signature
      .replace(/^[^:]*:/, '')
      .split(';')
      .map((tag) => tag.trim())
      .filter(Boolean)
      .map((tag) => [tag.slice(0, tag.indexOf('=')), tag.slice(tag.indexOf('=') + 1).replaceAll(/\s/g, '')]),
  );
  if (tags['a'] !== 'rsa-sha256' || tags['c'] !== 'relaxed/relaxed')
    throw new Error('Another way of signing.');
  const covers = (tags['h'] ?? '').split(':').map((name) => name.toLowerCase());
  // Of several headers of a name the last is signed first.
  const left = new Map<string, string[]>();
  const signed = covers.flatMap((name) => {
    const queue = left.get(name) ?? named(name);
    left.set(name, queue);
    const header = queue.pop();
    return header === undefined ? [] : [relaxed(header)];
  });
  const unsigned = relaxed(signature).replace(/(;\s*b=)[^;]*/, '$1');
  const verify = createVerify('RSA-SHA256').update([...signed, unsigned].join('\r\n'), 'latin1');
  const bodyHash = createHash('sha256').update(relaxedBody(body), 'latin1').digest('base64');
  return {
    valid: bodyHash === tags['bh'] && verify.verify(publicKey, tags['b'] ?? '', 'base64'),
    domain: tags['d'] ?? '',
    selector: tags['s'] ?? '',
    covers,
  };
}

function relaxed(header: string): string {
  const colon = header.indexOf(':');
  const value = header
    .slice(colon + 1)
    .replaceAll(/\r\n/g, '')
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
  return `${header.slice(0, colon).toLowerCase().trim()}:${value}`;
}

function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replaceAll(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (lines.at(-1) === '') lines.pop();
  return lines.length === 0 ? '' : `${lines.join('\r\n')}\r\n`;
}
