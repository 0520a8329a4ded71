import type { z } from 'zod';
import { domains, isDomain, type Domain } from '../domain/domains.ts';
import { environment } from './environment.ts';

export type Config = z.output<typeof environment> & { domainUrls: Partial<Record<Domain, string>> };

/**
 * The configuration of a process, checked whole: one error names every problem, and shows no value, as it may be a
 * secret.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const problems: string[] = [];
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    problems.push(
      ...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${describeIssue(issue, given)}`),
    );
  } else {
    const { STORAGE_DIR, STORAGE_SIGNING_SECRET, S3_BUCKET } = parsed.data;
    if (!STORAGE_DIR === !S3_BUCKET) problems.push('STORAGE_DIR, S3_BUCKET: set one of the two');
    const { DKIM_DOMAIN, DKIM_SELECTOR, DKIM_PRIVATE_KEY } = parsed.data;
    if (new Set([!DKIM_DOMAIN, !DKIM_SELECTOR, !DKIM_PRIVATE_KEY]).size > 1)
      problems.push('DKIM_DOMAIN, DKIM_SELECTOR, DKIM_PRIVATE_KEY: set all three, or none');
    if (STORAGE_DIR && !STORAGE_SIGNING_SECRET)
      problems.push('STORAGE_SIGNING_SECRET: needed with STORAGE_DIR');
  }
  const domainUrls: Partial<Record<Domain, string>> = {};
  for (const [name, value] of Object.entries(given)) {
    const suffix = /^DATABASE_URL_(.+)$/.exec(name)?.[1];
    if (!suffix || !value) continue;
    const domain = suffix.toLowerCase();
    if (!isDomain(domain)) problems.push(`${name}: there is no domain of that name (${domains.join(', ')})`);
    else if (!/^postgres(ql)?:\/\//.test(value)) problems.push(`${name}: expected a postgres:// URL`);
    else domainUrls[domain] = value;
  }
  if (problems.length > 0 || !parsed.success) {
    throw new ConfigError(problems);
  }
  return { ...parsed.data, domainUrls };
}

export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

function describeIssue(issue: z.core.$ZodIssue, given: Record<string, unknown>): string {
  const name = String(issue.path[0] ?? '');
  const field = environment.shape[name as keyof typeof environment.shape] as z.ZodType | undefined;
  const purpose = field?.description ? ` (${field.description})` : '';
  return (
    (given[name] === undefined ? 'missing' : 'not valid') +
    purpose +
    (issue.code === 'custom' ? `: ${issue.message}` : '')
  );
}

/** The names, purposes and defaults of the settings, for the documentation. */
export function describeSettings(): { name: string; purpose: string; fallback: string }[] {
  return Object.entries(environment.shape).map(([name, field]) => {
    const result = (field as z.ZodType).safeParse(undefined);
    const fallback = result.success
      ? result.data === undefined
        ? 'none'
        : JSON.stringify(result.data).replaceAll('"', '')
      : 'required';
    return {
      name,
      purpose: (field as z.ZodType).description ?? '',
      fallback: fallback === '[]' ? 'none' : fallback,
    };
  });
}

/** Reads `--domains a,b`; all domains without it. */
export function domainsFromArguments(arguments_: readonly string[]): readonly Domain[] {
  const at = arguments_.findIndex(
    (argument) => argument === '--domains' || argument.startsWith('--domains='),
  );
  if (at === -1) return domains;
  const argument = arguments_[at] ?? '';
  const names = (argument.includes('=') ? argument.slice('--domains='.length) : (arguments_[at + 1] ?? ''))
    .split(',')
    .map((name) => name.trim());
  const unknown = names.filter((name) => !isDomain(name));
  if (unknown.length > 0)
    throw new ConfigError([`--domains: unknown ${unknown.join(', ')}; there are ${domains.join(', ')}`]);
  // Named twice, a domain would get two workers and two relays.
  return [...new Set(names.filter(isDomain))];
}
