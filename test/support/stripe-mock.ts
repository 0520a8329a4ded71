import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../platform/ports.ts';
import { startTethered } from '../../platform/local/process.ts';
import { findProgram } from './programs.ts';
import { until } from './until.ts';

/** Stripe's own check of requests against its OpenAPI document. It knows no state. */
const module = 'github.com/stripe/stripe-mock@v0.203.0';

/**
 * The program: by `STRIPE_MOCK_PATH`, the PATH or our cache, else built by Go into the cache, once, which takes about a
 * minute. Undefined where there is none and no Go.
 */
export async function findStripeMock(): Promise<string | undefined> {
  const given = findProgram('stripe-mock', 'STRIPE_MOCK_PATH');
  if (given !== undefined) return given;
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'perdure', 'stripe-mock');
  const built = join(cache, 'stripe-mock');
  if (existsSync(built)) return built;
  const go = findProgram('go', 'GO_PATH');
  if (go === undefined) return undefined;
  const build = spawn(go, ['install', module], { env: { ...process.env, GOBIN: cache }, stdio: 'ignore' });
  const [code] = (await once(build, 'exit')) as [number | null];
  // Without a network there is nothing to build from; that is as good as no Go.
  return code === 0 ? built : undefined;
}

/** Starts it on ports of its own. Its owner stops it. */
export async function startStripeMock(program: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const [http, https] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${http}`;
  // Both addresses are named: otherwise it listens on all interfaces.
  const child = await startTethered({
    name: 'stripe-mock',
    command: program,
    args: ['-http-addr', `127.0.0.1:${http}`, '-https-addr', `127.0.0.1:${https}`],
  });
  const stop = async () => void (await child.stop());
  try {
    await until(async () => {
      if (child.exit) throw new Error(`stripe-mock ended:\n${child.lastLines().join('\n')}`);
      return (await fetch(url)).status > 0;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
