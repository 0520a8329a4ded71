import type { Database } from '../../db/database.ts';
import { forgiveAttempt, reserveAttempt, type ThrottleSubject } from '../../db/identity/login-throttle.ts';
import type { User } from '../../db/identity/user.entity.ts';
import { UserRepository } from '../../db/identity/users.repository.ts';
import { Failure } from '../../domain/failure.ts';
import { networkOf } from '../../domain/identity/address.ts';
import { normalisePassword } from '../../domain/identity/password.ts';
import { verifyPassword } from '../../platform/crypto/password-hash.ts';

/**
 * The user whose address and password these are. An address without an account takes the same work and gives the same
 * failure as a wrong password, and both are slowed down alike, by account and by network.
 *
 * @throws Failure `identity.login_slowed`, or the given code
 */
export async function provePassword(
  database: Database,
  claim: { email: string; password: string; address: string },
  failure: 'identity.credentials_wrong' | 'identity.password_wrong' = 'identity.credentials_wrong',
): Promise<User> {
  const subjects: ThrottleSubject[] = [
    { kind: 'account', value: claim.email },
    { kind: 'network', value: networkOf(claim.address) },
  ];
  const wait = await database.transaction('identity', ({ sql }) => reserveAttempt(sql, subjects));
  if (wait > 0) {
    throw new Failure('identity.login_slowed', 'Too many wrong passwords. Wait and try again.', {
      retryAfter: wait,
    });
  }
  const user = await database.read('identity', (unit) => new UserRepository(unit).findByEmail(claim.email));
  const right = await verifyPassword(user?.passwordHash ?? null, normalisePassword(claim.password));
  if (!user || !right) {
    const message =
      failure === 'identity.password_wrong'
        ? 'The password is wrong.'
        : 'There is no such account, or the password is wrong.';
    throw new Failure(failure, message);
  }
  await database.transaction('identity', ({ sql }) => forgiveAttempt(sql, subjects));
  return user;
}

/** The caller, having proved the own password once more. */
export async function proveOwnPassword(
  database: Database,
  userId: string,
  password: string,
  address: string,
): Promise<User> {
  const { email } = await database.read('identity', (unit) => new UserRepository(unit).get(userId));
  return await provePassword(database, { email: email ?? '', password, address }, 'identity.password_wrong');
}
