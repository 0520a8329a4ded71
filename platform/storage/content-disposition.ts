/**
 * `Content-Disposition` of a download (RFC 6266): the name in ASCII for old clients, and in UTF-8 by RFC 8187.
 * The name is a person's text: folders are cut off, and control characters, quotes and reserved characters become
 * `_`, so that neither the header nor the folder it is saved in can be broken out of.
 */
export function attachmentDisposition(filename: string): string {
  const base = filename.split(/[/\\]/).at(-1) ?? '';
  const safe = base
    .toWellFormed()
    .replace(/[\p{Cc}"<>:|?*]/gu, '_')
    .replace(/^\.+/, '');
  const name = safe.trim() === '' ? 'download' : safe.trim();
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/[%']/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
