/** Nobody is waited for longer than a day, whatever a header says. */
const longestMs = 86_400_000;

/**
 * How long a `Retry-After` header asks to wait (RFC 9110 §10.2.3: seconds or an HTTP date), in milliseconds; null if
 * there is none or it can't be read. A date in the past is 0.
 *
 * @param headers of the response, by lower-case names. A date counts from the response's own `Date`, so that neither
 *   side's clock has to be right
 * @param now by our clock, for a response that has no date
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string | undefined>>,
  now: Date,
): number | null {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,10}(?:\.\d+)?$/.test(text)) return Math.min(longestMs, Math.ceil(Number(text) * 1_000));
  // Every form of an HTTP date begins with the name of a weekday; Date.parse alone would read much else as a date.
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return null;
  const time = Date.parse(text);
  const said = Date.parse(headers['date'] ?? '');
  const from = Number.isNaN(said) ? now.getTime() : said;
  return Number.isNaN(time) ? null : Math.min(longestMs, Math.max(0, time - from));
}
