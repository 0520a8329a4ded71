import { LockMode } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import { lifetimes } from '../../domain/identity/lifetimes.ts';
import type { UnitOfWork } from '../database.ts';
import { RefreshToken } from './refresh-token.entity.ts';
import { Session } from './session.entity.ts';

export type Refreshed =
  | { outcome: 'rotated'; session: Session; successorId: string }
  | { outcome: 'reused'; session: Session }
  | { outcome: 'refused' };

/**
 * Uses a refresh token up and gives its successor. A token that was used a moment ago gives the same successor again; one
 * that was used longer ago is in two hands, and ends the session (RFC 9700 §4.14.2).
 */
export async function rotateRefreshToken({ em }: UnitOfWork, id: string, now: Date): Promise<Refreshed> {
  const token = await em.findOne(RefreshToken, { id });
  // The session is locked rather than the token: its whole family changes in one order.
  const session =
    token && (await em.findOne(Session, { id: token.sessionId }, { lockMode: LockMode.PESSIMISTIC_WRITE }));
  if (!session || session.endedAt || session.expiresAt <= now) return { outcome: 'refused' };
  await em.refresh(token);
  if (token.usedAt && token.successorId) {
    const again = now.getTime() - token.usedAt.getTime() <= lifetimes.refreshGrace * 1_000;
    if (again) return { outcome: 'rotated', session, successorId: token.successorId };
    session.endedAt = now;
    session.endReason = 'refresh_token_reused';
    return { outcome: 'reused', session };
  }
  if (token.expiresAt <= now) return { outcome: 'refused' };
  const successor = em.create(RefreshToken, {
    id: uuidv7(),
    sessionId: session.id,
    createdAt: now,
    expiresAt: new Date(now.getTime() + lifetimes.refreshToken * 1_000),
  });
  token.usedAt = now;
  token.successorId = successor.id;
  session.lastUsedAt = now;
  return { outcome: 'rotated', session, successorId: successor.id };
}
