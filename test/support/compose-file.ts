import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The top folder of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface ComposeService {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  restart?: string;
  cpu_shares?: number;
  read_only?: boolean;
  cap_drop?: string[];
  user?: string;
  ports?: string[];
  container_name?: string;
  networks?: string[];
  volumes?: string[];
  labels?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test?: string[]; disable?: boolean };
  deploy?: { resources: { limits: { cpus: string; memory: string } } };
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
  networks: Record<string, unknown>;
  volumes: Record<string, unknown>;
}

/** A file of the repository as text. */
export function readText(path: string): string {
  return readFileSync(new URL(path, `file://${root}`), 'utf8');
}

/**
 * docker-compose.yml with `${NAME}`, `${NAME:-default}` and `${NAME:?message}` filled in.
 *
 * @throws when a value that the file requires isn't given, as Compose does.
 */
export function readCompose(values: Record<string, string>): ComposeFile {
  // In the parsed file, as Compose does it: what is filled in with nothing is an empty text.
  const fill = (text: string): string =>
    text.replaceAll(
      /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
      (_, name: string, kind: string | undefined, rest: string | undefined) => {
        const value = values[name] ?? '';
        if (value !== '') return value;
        if (kind === '-') return rest ?? '';
        throw new Error(`${name} is not given: ${rest ?? ''}`);
      },
    );
  const filled = (_: unknown, value: unknown) => (typeof value === 'string' ? fill(value) : value);
  return parse(readText('docker-compose.yml'), filled, { merge: true }) as ComposeFile;
}

/** The names in deploy/.env.example, and whether the file gives a value. */
export function readExampleEnvironment(): Map<string, string> {
  const lines = readText('deploy/.env.example').matchAll(/^(\w+)=(.*)$/gm);
  return new Map(Array.from(lines, ([, name = '', value = '']) => [name, value]));
}

/** Our own services: those that run from the image of this repository. */
export function ownServices(compose: ComposeFile): [name: string, service: ComposeService][] {
  return Object.entries(compose.services).filter(([, service]) => service.build !== undefined);
}
