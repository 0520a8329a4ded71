import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNodeProgram } from '../../platform/local/node-program.ts';
import { freePort } from '../../platform/ports.ts';
import { compileCache } from '../support/compile-cache.ts';
import { startCountingProxy, type CountedCall, type CountingProxy } from '../support/counting-proxy.ts';
import { closeAfterRun, oncePerRun, runFolder } from '../support/run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Whoever takes money and parcels: simulators, each a process that remembers, behind something that counts its calls. */
export interface Outside {
  stripe: Vendor;
  easypost: Vendor;
  /** For the processes of the system under test. */
  settings: Record<string, string>;
}

interface Vendor {
  calls: CountedCall[];
  /** Asks it as its own console would, uncounted. */
  ask(path: string): Promise<unknown>;
}

/** Shared by all systems under test: what belongs to one order is told by the order's own names. */
export const outsideOfRun = oncePerRun(async (): Promise<Outside> => {
  const stripe = await startVendor('stripe', 'Bearer sk_test_look');
  const easypost = await startVendor('easypost', `Basic ${Buffer.from('EZTK_look:').toString('base64')}`);
  return {
    stripe,
    easypost,
    settings: {
      STRIPE_SECRET_KEY: 'sk_test_faults',
      STRIPE_API_URL: stripe.proxy.url,
      EASYPOST_API_KEY: 'EZTKfaults',
      EASYPOST_API_URL: easypost.proxy.url,
    },
  };
});

async function startVendor(
  name: 'stripe' | 'easypost',
  authorization: string,
): Promise<Vendor & { proxy: CountingProxy }> {
  const folder = await mkdtemp(join(await runFolder(), `${name}-`));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = await startNodeProgram(
    {
      name,
      script: join(root, `platform/local/${name}/main.ts`),
      args: [folder, String(port)],
      env: { PATH: process.env['PATH'], ...compileCache },
      cwd: root,
      readyUrl: `${url}/healthz`,
    },
    new AbortController().signal,
  );
  closeAfterRun(async () => void (await program.stop()));
  const proxy = await startCountingProxy(url);
  closeAfterRun(() => proxy.close());
  return {
    proxy,
    calls: proxy.calls,
    ask: async (path) => await (await fetch(new URL(path, url), { headers: { authorization } })).json(),
  };
}
