import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { createHash } from 'node:crypto';
import { glob, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureConverterPath } from '../temporal.config.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The workflows as one bundle of code.
 *
 * @param prebuilt the file of a bundle that was made with the sources beside it; it must be there. Without it the bundle
 * is made here and kept by the hash of what goes into it, so that only the first start after a change takes the seconds
 * that bundling needs.
 */
export async function workflowBundle(prebuilt?: string): Promise<{ code: string }> {
  if (prebuilt !== undefined) return { code: await readFile(prebuilt, 'utf8') };
  const folder = join(root, 'node_modules', '.cache', 'perdure');
  const path = join(folder, `workflows-${await sourceHash()}.js`);
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (kept !== null) return { code: kept };
  const { code } = await bundleWorkflows();
  await mkdir(folder, { recursive: true });
  const prepared = `${path}.${process.pid}`;
  await writeFile(prepared, code);
  await rename(prepared, path);
  return { code };
}

/** Bundles the workflows. Fails when one of them reaches for something that a workflow may not use. */
export async function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  return await bundleWorkflowCode({
    workflowsPath: join(root, 'workflows', 'index.ts'),
    workflowInterceptorModules: [join(root, 'workflows', 'trace', 'interceptors.ts')],
    failureConverterPath,
    logger: quietLogger,
  });
}

async function sourceHash(): Promise<string> {
  const files = await Array.fromAsync(
    glob(['workflows/**/*.ts', 'domain/**/*.ts', 'package-lock.json'], { cwd: root }),
  );
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${file}\n`).update(await readFile(join(root, file)));
  return hash.digest('hex').slice(0, 24);
}

const ignore = () => undefined;
const quietLogger = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
