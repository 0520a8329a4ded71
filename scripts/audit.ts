import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { licenceProblems, productionPackages } from './audit/licences.ts';

/**
 * `npm run audit`: the licences of what runs in production, and what the registry knows of vulnerabilities in it. Exits
 * with 1 for a licence that is not allowed or a vulnerability rated high or critical, and with 3 when only the registry
 * could not be asked: nothing is known then of vulnerabilities, which is no pass.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const print = (text: string) => process.stdout.write(`${text}\n`);

interface Audit {
  error?: { summary: string };
  message?: string;
  vulnerabilities?: Record<string, { name: string; severity: string; range: string; via: unknown[] }>;
}

const packages = productionPackages(root);
const counts = new Map<string, number>();
for (const { licence } of packages) counts.set(licence ?? 'none', (counts.get(licence ?? 'none') ?? 0) + 1);
print(`Licences of ${packages.length} packages:`);
for (const [licence, count] of [...counts].sort(([, a], [, b]) => b - a)) {
  print(`  ${String(count).padStart(4)}  ${licence}`);
}
const problems = licenceProblems(packages);
for (const problem of problems) print(`  ✗ ${problem}`);
if (problems.length > 0) process.exitCode = 1;

const audit = await npmAudit();
if (!audit.vulnerabilities) {
  const reason = audit.message ?? audit.error?.summary ?? 'it gave no answer';
  print(
    `\nVulnerabilities: NOT CHECKED. The registry's audit endpoint can't be asked: ${reason.split(' - ')[0]}`,
  );
  process.exitCode ??= 3;
} else {
  const found = Object.values(audit.vulnerabilities);
  print(`\nVulnerabilities: ${found.length}`);
  for (const { name, severity, range } of found) print(`  ${severity.padEnd(9)} ${name} ${range}`);
  if (found.some(({ severity }) => ['high', 'critical'].includes(severity))) process.exitCode = 1;
}

/** npm exits with 1 when it has found something, and when it could not ask; either way it prints JSON. */
async function npmAudit(): Promise<Audit> {
  const options = { cwd: root, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 };
  try {
    const { stdout } = await promisify(execFile)('npm', ['audit', '--omit=dev', '--json'], options);
    return JSON.parse(stdout) as Audit;
  } catch (error) {
    const { stdout, message } = error as Error & { stdout?: string };
    if (stdout?.trim().startsWith('{')) return JSON.parse(stdout) as Audit;
    return { message };
  }
}
