import { TestWorkflowEnvironment } from '@temporalio/testing';
import { temporalCliVersion } from './temporal-programs.ts';

/**
 * Run as a program of its own (`node temporal-sdk-download.ts <folder>`): lets Temporal's SDK download the official
 * release of the CLI into a folder. The SDK can't be told to give up, so whoever runs this ends it when nothing comes.
 * The SDK also starts the server it has downloaded, which proves that the file works here.
 */
const folder = process.argv[2];
if (!folder) throw new Error('Usage: temporal-sdk-download.ts <folder>');
const environment = await TestWorkflowEnvironment.createLocal({
  server: {
    executable: { type: 'cached-download', downloadDir: folder, version: `v${temporalCliVersion}` },
  },
});
await environment.teardown();
