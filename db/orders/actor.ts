export type ActorKind = 'user' | 'customer' | 'system' | 'carrier' | 'source';

/** Who does something to an order. */
export interface Actor {
  kind: ActorKind;
  /** The user, where it is one. */
  userId: string | null;
  traceId: string | null;
}

/** The process of the order itself. */
export const system: Actor = { kind: 'system', userId: null, traceId: null };
