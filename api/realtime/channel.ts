import type { z } from 'zod';
import type { Scope } from '../../domain/identity/scopes.ts';
import type { Principal } from '../principal.ts';
import type { RateClass } from '../route.ts';
import type { ServerEvent } from './event-stream.ts';

export interface Following {
  principal: Principal;
  /** Which of the channel's subjects, where it has several. */
  topic: string | null;
  /** The last event heard; null: from now on. */
  after: number | null;
  signal: AbortSignal;
}

/** Something that a caller may have done over the connection. It can be repeated without harm. */
export interface ChannelCommand {
  access: Scope;
  rate: RateClass;
  data: z.ZodType;
  /** @returns what the caller is answered */
  run(request: { principal: Principal; data: unknown; traceId: string }): Promise<object>;
}

/** What one domain tells over WebSockets, and takes. */
export interface Channel {
  /** The events of a subject, from a place on, without gaps. Null is a sign of life. Ends with the signal. */
  follow(following: Following): AsyncIterable<ServerEvent | null>;
  commands: Readonly<Record<string, ChannelCommand>>;
}

/** Declares a command, with the data that its `run` gets as its shape gives it. */
export function channelCommand<S extends z.ZodType>(command: {
  access: Scope;
  rate: RateClass;
  data: S;
  run(request: { principal: Principal; data: z.output<S>; traceId: string }): Promise<object>;
}): ChannelCommand {
  return command as ChannelCommand;
}
