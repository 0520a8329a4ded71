/** The setting that has Node load a file of `preloads/` before a program of ours. */
export function preload(name: 'clock' | 'crash'): { NODE_OPTIONS: string } {
  return { NODE_OPTIONS: `--import=${new URL(`./preloads/${name}.ts`, import.meta.url).href}` };
}
