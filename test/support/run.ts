import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Closer = () => Promise<void>;

const closers: Closer[] = [];

/** Registers something that the whole run shares and that is closed after the last test, latest first. */
export function closeAfterRun(closer: Closer): void {
  closers.push(closer);
}

/** Something that is made once a run, by the first test that asks for it. */
export function oncePerRun<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** A folder that goes with the run. */
export const runFolder = oncePerRun(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-test-'));
  closeAfterRun(() => rm(folder, { recursive: true, force: true }));
  return folder;
});

export async function closeRun(): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers.reverse()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'Parts of the test run did not close.');
}
