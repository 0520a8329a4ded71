/** Of the way between two machines, and not of the message. */
const ofTheWay =
  /^(host|connection|content-length|transfer-encoding|accept.*|x-forwarded-.*|x-real-ip|forwarded|via|te)$/;

/** What proves who sends: whoever reads the log must not be able to send with it. */
const proving = /auth|cookie|signature|hmac|secret|token|key|password/;

const mostHeaders = 60;

/** The headers of a request as the log keeps them. */
export function keptHeaders(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers).slice(0, mostHeaders)) {
    if (value === undefined || ofTheWay.test(name)) continue;
    kept[name] = proving.test(name) ? '[redacted]' : value.replaceAll('\0', '').slice(0, 500);
  }
  return kept;
}
