import { normaliseQuery } from '../../domain/search/query.ts';
import { PhoneProvider } from '../../platform/providers/phone-provider.ts';

const provider = new PhoneProvider();

/** The work of one row, the same for all: read a telephone number and tell what the phone provider knows of it. */
export async function workOn(phone) {
  const { facts } = await provider.search(normaliseQuery('phone', { phones: [phone] }));
  return facts;
}

/** The rows that a rival is told to work on: `node rival.mjs <url> <rows>`. */
export function task() {
  const [url, count] = process.argv.slice(2);
  const rows = Number(count);
  return { url, phones: Array.from({ length: rows }, (_, index) => `+1${3_122_000_000 + index}`) };
}

/** Tells the benchmark what came of it, and ends. */
export function report(figures) {
  const memory = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(`${JSON.stringify({ ...figures, megabytes: Math.round(memory) })}\n`, () =>
    process.exit(0),
  );
}
