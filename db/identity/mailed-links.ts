import { LockMode } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import { lifetimes } from '../../domain/identity/lifetimes.ts';
import type { UnitOfWork } from '../database.ts';
import { EmailLink } from './email-link.entity.ts';
import { Registration } from './registration.entity.ts';

export type NewRegistration = Pick<
  Registration,
  'email' | 'name' | 'organisationName' | 'profile' | 'passwordHash'
>;

export async function addRegistration({ em }: UnitOfWork, wish: NewRegistration): Promise<Registration> {
  const now = new Date();
  const made = em.create(Registration, {
    id: uuidv7(),
    tenantId: uuidv7(),
    ...wish,
    createdAt: now,
    expiresAt: new Date(now.getTime() + lifetimes.registration * 1_000),
  });
  await em.flush();
  return made;
}

/** The registration behind a link, held until the transaction ends; null when it is over. */
export async function lockRegistration({ em }: UnitOfWork, id: string): Promise<Registration | null> {
  return await em.findOne(
    Registration,
    { id, usedAt: null, expiresAt: { $gt: new Date() } },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

type Purpose = EmailLink['purpose'];

const lifetimeOf: Readonly<Record<Purpose, number>> = {
  password_reset: lifetimes.passwordReset,
  email_change: lifetimes.emailChange,
};

/** Writes down a link that is to be mailed. */
export async function addEmailLink(
  { em }: UnitOfWork,
  link: { purpose: Purpose; userId: string | null; email: string },
): Promise<EmailLink> {
  const now = new Date();
  const made = em.create(EmailLink, {
    id: uuidv7(),
    ...link,
    createdAt: now,
    expiresAt: new Date(now.getTime() + lifetimeOf[link.purpose] * 1_000),
  });
  await em.flush();
  return made;
}

/** The link, held until the transaction ends; null when it was used, is over, or leads to no user. */
export async function lockEmailLink(
  { em }: UnitOfWork,
  purpose: Purpose,
  id: string,
): Promise<(EmailLink & { userId: string }) | null> {
  const link = await em.findOne(
    EmailLink,
    { id, purpose, usedAt: null, expiresAt: { $gt: new Date() } },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  return link?.userId ? (link as EmailLink & { userId: string }) : null;
}

/** Makes every open link of a user useless: after one has changed the account, the others must not. */
export async function voidEmailLinks({ em }: UnitOfWork, userId: string): Promise<void> {
  await em.nativeUpdate(EmailLink, { userId, usedAt: null }, { usedAt: new Date() });
}
