import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeSettings } from '../platform/config.ts';

/** Writes the table of settings into docs/configuration.md, from the schema that checks them. */
const path = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
const marker = '<!-- settings -->';
const rows = describeSettings().map(
  ({ name, purpose, fallback }) => `| \`${name}\` | ${purpose} | ${fallback} |`,
);
const table = [
  '| setting | what it is | without it |',
  '|---|---|---|',
  ...rows,
  '| `DATABASE_URL_<DOMAIN>` | the database of one domain | `DATABASE_URL` |',
];
const [head = ''] = readFileSync(path, 'utf8').split(marker);
writeFileSync(path, `${head}${marker}\n\n${table.join('\n')}\n`);
