import { fileURLToPath } from 'node:url';

/**
 * The setting that has the processes of the tests share one cache of compiled code. Each of them loads a thousand modules;
 * to compile these anew is a third of the work of its start, and the tests start a hundred.
 */
export const compileCache = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/perdure/compiled', import.meta.url)),
};
