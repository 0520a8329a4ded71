import { LockMode } from '@mikro-orm/postgresql';
import { Failure } from '../../domain/failure.ts';
import { defaultPreferences } from '../../domain/identity/preferences.ts';
import type { Profile } from '../../domain/identity/profile.ts';
import type { UnitOfWork } from '../database.ts';
import { lockName } from '../lock-name.ts';
import { User } from './user.entity.ts';

export interface NewUser {
  id: string;
  email: string;
  passwordHash: string;
  name: string;
  profile: Profile;
}

/** Users. They belong to no single tenant: whoever asks must have proved to be the user, or to share an organisation. */
export class UserRepository {
  readonly #unit: UnitOfWork;

  constructor(unit: UnitOfWork) {
    this.#unit = unit;
  }

  async findByEmail(email: string): Promise<User | null> {
    return await this.#unit.em.findOne(User, { email });
  }

  async find(id: string): Promise<User | null> {
    return await this.#unit.em.findOne(User, { id, erasedAt: null });
  }

  /** Throws `identity.user_not_found` when the user is erased. */
  async get(id: string): Promise<User> {
    return found(await this.find(id));
  }

  /** The user, held until the transaction ends, so that changes and events of one user have one order. */
  async lock(id: string): Promise<User> {
    const user = await this.#unit.em.findOne(
      User,
      { id, erasedAt: null },
      { lockMode: LockMode.PESSIMISTIC_WRITE },
    );
    return found(user);
  }

  /** Whether an address is free. Until the transaction ends, nobody else can make it an account. */
  async claimEmail(email: string): Promise<boolean> {
    await lockName(this.#unit.sql, `identity.email:${email}`);
    return (await this.findByEmail(email)) === null;
  }

  async add(user: NewUser): Promise<User> {
    const now = new Date();
    const made = this.#unit.em.create(User, {
      ...user,
      preferences: defaultPreferences(),
      version: 1,
      createdAt: now,
      updatedAt: now,
    });
    await this.#unit.em.flush();
    return made;
  }
}

function found(user: User | null): User {
  if (!user) throw new Failure('identity.user_not_found', 'There is no such user.');
  return user;
}
