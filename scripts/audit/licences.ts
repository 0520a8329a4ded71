import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package that runs in production. */
export interface ProductionPackage {
  name: string;
  version: string;
  /** As an SPDX expression; null where the package says nothing. */
  licence: string | null;
}

/** Licences that let us run and pass on the software with no more than a notice. */
const allowed: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  // Of fonts: they may be bundled and passed on, but not sold by themselves.
  'OFL-1.1',
  'Unlicense',
]);

/** libvips and the libraries in it, under the LGPL: linked at run time, unchanged, and replaced by installing another. */
const libvips = [
  ...['darwin-arm64', 'darwin-x64', 'linux-arm', 'linux-arm64', 'linux-ppc64', 'linux-riscv64', 'linux-s390x']
    .concat('linux-x64', 'linuxmusl-arm64', 'linuxmusl-x64')
    .map((platform) => `@img/sharp-libvips-${platform}`),
  ...['wasm32', 'win32-arm64', 'win32-ia32', 'win32-x64'].map((platform) => `@img/sharp-${platform}`),
];

/** Packages that are good all the same, each with its reason. */
const exceptions: Readonly<Record<string, string>> = {
  'caniuse-lite':
    'CC-BY-4.0: a table of browsers that the bundler of workflows reads. We pass none of it on.',
  'dejavu-fonts-ttf':
    'The licences of Bitstream Vera and Arev, in its LICENSE: the fonts may be used, bundled and passed on.',
  ...Object.fromEntries(
    libvips.map((name) => [name, 'LGPL-3.0-or-later: a library that is linked at run time and not changed.']),
  ),
  unionfs: 'Says nothing in package.json; its LICENSE is the Unlicense.',
};

/** The packages that `npm ci --omit=dev` installs, by the lock file, with the licences that they state. */
export function productionPackages(root: string): ProductionPackage[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; dev?: boolean; devOptional?: boolean; license?: string }>;
  };
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path, { version, license }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: license ?? statedBy(join(root, path)),
    }));
}

/** What is wrong with the licences; and exceptions that nothing needs any more. */
export function licenceProblems(packages: readonly ProductionPackage[]): string[] {
  const wrong = packages.filter(({ licence }) => licence === null || !isAllowed(licence));
  return [
    ...wrong
      .filter(({ name }) => !(name in exceptions))
      .map(({ name, version, licence }) => `${name}@${version}: ${licence ?? 'states no licence'}`),
    ...Object.keys(exceptions)
      .filter((name) => !wrong.some((one) => one.name === name))
      .map((name) => `${name}: the exception for it is not needed`),
  ];
}

/** Of alternatives one must be allowed, of parts all. */
export function isAllowed(expression: string): boolean {
  const bare = expression.replace(/^\((.*)\)$/, '$1');
  // Deeper expressions are for a person to read.
  if (/[()]/.test(bare)) return false;
  return bare.split(' OR ').some((one) => one.split(' AND ').every((part) => allowed.has(part.trim())));
}

/** Old packages state theirs in forms that the lock file leaves out. */
function statedBy(folder: string): string | null {
  const stated = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    license?: string | { type: string };
    licenses?: { type: string }[];
  };
  if (typeof stated.license === 'string') return stated.license;
  if (stated.license) return stated.license.type;
  return stated.licenses?.map(({ type }) => type).join(' OR ') ?? null;
}
