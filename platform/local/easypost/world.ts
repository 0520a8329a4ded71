import { z } from 'zod';
import type { Journal } from '../simulator/journal.ts';
import { EasyPostError } from './easypost-error.ts';

/** What the parts of the simulator share. */
export interface EasyPostWorld {
  journal: Journal;
  id(prefix: string): string;
  /** Writes an event down and sends it to whoever wants it. */
  emit(description: string, result: object): void;
  /** Where the simulator answers. */
  url: string;
}

/** Reads a body, or answers what is wrong with it. */
export function read<T extends z.ZodType>(shape: T, body: unknown): z.output<T> {
  const parsed = shape.safeParse(body);
  if (!parsed.success) throw new EasyPostError(422, 'PARAMETER.INVALID', z.prettifyError(parsed.error));
  return parsed.data;
}
