import { writeFile } from 'node:fs/promises';
import { bundleWorkflows } from './bundle.ts';

/** `node workers/build-bundle.ts <file>`: bundles the workflows once, for workers with `WORKFLOW_BUNDLE=<file>`. */
const [file] = process.argv.slice(2);
if (!file) throw new Error('Name the file to write.');
const { code } = await bundleWorkflows();
await writeFile(file, code);
