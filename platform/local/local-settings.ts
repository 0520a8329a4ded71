import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const port = (fallback: number) => z.coerce.number().int().min(1).max(65_535).default(fallback);

const settings = z.object({
  PORT: port(3000),
  PERDURE_POSTGRES_PORT: port(54_330),
  TEMPORAL_PORT: port(7233),
  TEMPORAL_UI_PORT: port(8233),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  STRIPE_SECRET_KEY: z.string().min(1).optional(),
  EASYPOST_API_KEY: z.string().min(1).optional(),
  /** How many seconds simulated parcels take for each step of their way. */
  SIMULATED_PARCEL_SECONDS: z.coerce.number().min(0.1).max(86_400).default(20),
  TEMPORAL_CLI_PATH: z.string().min(1).optional(),
  XDG_CACHE_HOME: z.string().min(1).optional(),
  PATH: z.string().default(''),
});

/** How this machine runs the system: which ports, which parts are given, and where programs are looked for. */
export type LocalSettings = z.output<typeof settings>;

/** Reads the settings of a local start from the environment; one error names all that is wrong, without values. */
export function readLocalSettings(environment: NodeJS.ProcessEnv): LocalSettings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => `  - ${path.join('.')}: ${message}\n`);
  throw new Error(`These settings are not valid:\n${lines.join('')}`);
}

/** Folders for downloaded programs: shared by all clones if possible, else in this clone's own data. */
export function cacheCandidates({ XDG_CACHE_HOME }: Pick<LocalSettings, 'XDG_CACHE_HOME'>, dataDir: string) {
  return [join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'perdure'), join(dataDir, 'cache')];
}
