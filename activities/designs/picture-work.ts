import type { CrashCount } from '../../db/designs/crash-count.ts';
import { Failure } from '../../domain/failure.ts';
import { ImageTaskError, type ImageProcesses } from '../../platform/images/image-process.ts';
import type { ImageTasks } from '../../platform/images/image-tasks.ts';
import { withHeartbeat } from '../heartbeat.ts';

/** How often what works on a picture may die of it. With the growing gaps between attempts it takes almost two hours. */
export const mostCrashes = 20;

/**
 * Has a picture worked on. What the picture is to blame for is final; a process that has died, of the picture or of what others have
 * done to the machine, is final only when that has happened again and again.
 *
 * @param input what it is about, asked for when its turn has come
 * @throws Failure as `ImageProcesses.run` does; `images.undrawable`
 */
export async function workOnPicture<K extends keyof ImageTasks>(
  { images, crashes }: { images: ImageProcesses; crashes: CrashCount },
  task: K,
  input: () => Promise<ImageTasks[K]['input']>,
  signal: AbortSignal,
): Promise<ImageTasks[K]['output']> {
  let counted = false;
  const counting = async (): Promise<ImageTasks[K]['input']> => {
    const given = await input();
    const count = await crashes.add();
    counted = true;
    if (count > mostCrashes)
      throw undrawable(`What works on the picture has died of it ${mostCrashes} times.`);
    return given;
  };
  try {
    return await images.run(task, counting, signal);
  } catch (error) {
    if (error instanceof Failure && error.code === 'images.process_lost') counted = false;
    if (error instanceof ImageTaskError) throw undrawable('The picture can’t be worked on.', error);
    throw error;
  } finally {
    if (counted) await crashes.takeBack();
  }
}

function undrawable(message: string, cause?: unknown): Failure {
  const failure = new Failure('images.undrawable', message);
  failure.cause = cause;
  return failure;
}

/**
 * Runs an activity under a heartbeat, for which nobody waits: what failed is tried again after the gaps of the workflow, which
 * grow, and not as soon as a caller of the API could.
 */
export async function withPatience<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await withHeartbeat(work);
  } catch (error) {
    if (error instanceof Failure) delete error.details.retryAfter;
    throw error;
  }
}
