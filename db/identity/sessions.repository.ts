import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../domain/failure.ts';
import { lifetimes } from '../../domain/identity/lifetimes.ts';
import type { SessionEndReason } from '../../domain/identity/session.ts';
import type { UnitOfWork } from '../database.ts';
import { RefreshToken } from './refresh-token.entity.ts';
import { Session } from './session.entity.ts';

export interface NewSession {
  tenantId: string;
  address: string;
  userAgent: string;
}

/** The sessions of one user, in whichever organisations. */
export class SessionRepository {
  readonly #unit: UnitOfWork;
  readonly #userId: string;

  constructor(unit: UnitOfWork, userId: string) {
    this.#unit = unit;
    this.#userId = userId;
  }

  /** Opens a session with its first refresh token. */
  async open(session: NewSession): Promise<{ session: Session; refreshTokenId: string }> {
    const { em } = this.#unit;
    const now = new Date();
    const made = em.create(Session, {
      id: uuidv7(),
      userId: this.#userId,
      tenantId: session.tenantId,
      address: session.address,
      userAgent: session.userAgent.slice(0, 300),
      createdAt: now,
      lastUsedAt: now,
      expiresAt: new Date(now.getTime() + lifetimes.session * 1_000),
    });
    await em.flush();
    const token = em.create(RefreshToken, {
      id: uuidv7(),
      sessionId: made.id,
      createdAt: now,
      expiresAt: new Date(now.getTime() + lifetimes.refreshToken * 1_000),
    });
    await em.flush();
    return { session: made, refreshTokenId: token.id };
  }

  /** Those that are alive, newest first, behind the given one. */
  async list(limit: number, after: string | null): Promise<Session[]> {
    return await this.#unit.em.find(
      Session,
      {
        userId: this.#userId,
        endedAt: null,
        expiresAt: { $gt: new Date() },
        ...(after ? { id: { $lt: after } } : {}),
      },
      { orderBy: { id: 'desc' }, limit },
    );
  }

  /** Throws `identity.session_not_found` for one that is over or somebody else's. */
  async end(id: string, reason: SessionEndReason): Promise<void> {
    const ended = await this.#unit.em.nativeUpdate(
      Session,
      { id, userId: this.#userId, endedAt: null },
      { endedAt: new Date(), endReason: reason },
    );
    if (ended === 0) throw new Failure('identity.session_not_found', 'There is no such session.');
  }

  /** Ends all but one. Gives how many. */
  async endAll(reason: SessionEndReason, except: string | null = null): Promise<number> {
    return await this.#unit.em.nativeUpdate(
      Session,
      { userId: this.#userId, endedAt: null, ...(except ? { id: { $ne: except } } : {}) },
      { endedAt: new Date(), endReason: reason },
    );
  }

  /** Ends those in one organisation. */
  async endIn(tenantId: string, reason: SessionEndReason): Promise<void> {
    await this.#unit.em.nativeUpdate(
      Session,
      { userId: this.#userId, tenantId, endedAt: null },
      { endedAt: new Date(), endReason: reason },
    );
  }
}
