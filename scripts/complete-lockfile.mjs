// Run after `npm install` when the registry in use lists only some platforms: npm then leaves the platform packages it
// can't see out of package-lock.json, and `npm ci` refuses that file everywhere. This adds them by name and version;
// npm checks their content by the registry's own hash instead of ours. With `--check` it only reports.
import { readFileSync, writeFileSync } from 'node:fs';

const systems = ['darwin', 'linux', 'win32', 'freebsd', 'android', 'openharmony'];
const processors = ['arm64', 'x64', 'arm', 'ppc64', 'riscv64', 's390x', 'ia32'];

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const missing = {};
for (const [parent, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
  const sibling = Object.keys(optionalDependencies)
    .map((name) => lock.packages[`node_modules/${name}`])
    .find(Boolean);
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const path = `node_modules/${name}`;
    if (lock.packages[path] || lock.packages[`${parent}/${path}`]) continue;
    missing[path] = describe(name, version, sibling);
  }
}

const names = Object.keys(missing);
if (process.argv.includes('--check')) {
  for (const name of names) console.error(`package-lock.json lacks ${name}`);
  process.exitCode = names.length ? 1 : 0;
} else {
  const all = Object.entries({ ...lock.packages, ...missing });
  lock.packages = Object.fromEntries(all.sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${names.length} packages for other platforms added`);
}

/** The platform is read from the name, which is how these packages are told apart: core-linux-arm64-musl. */
function describe(name, version, sibling) {
  const words = name.replace(/^@[^/]+\//, '').split('-');
  const system = words.find((word) => systems.includes(word));
  const processor = words.find((word) => processors.includes(word));
  if (!system || !processor || !/^\d/.test(version)) {
    throw new Error(`${name}@${version} is missing, and its name doesn't say for which platform it is`);
  }
  const musl = words.some((word) => word.startsWith('musl'));
  return {
    version,
    cpu: [processor],
    ...(sibling?.dev ? { dev: true } : {}),
    ...(system === 'linux' && (musl || words.some((word) => word.startsWith('gnu')))
      ? { libc: [musl ? 'musl' : 'glibc'] }
      : {}),
    ...(sibling?.license ? { license: sibling.license } : {}),
    optional: true,
    os: [system],
    ...(sibling?.engines ? { engines: sibling.engines } : {}),
  };
}
