import { hash, verify } from '@node-rs/argon2';

/**
 * argon2id with 19 MiB, two passes and one lane, as OWASP's Password Storage Cheat Sheet has it. The binding runs it on
 * the thread pool, so it never holds up the event loop.
 */
const options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** The parameters as they stand in a hash: one that was made with others is made anew at the next log-in. */
const parameters = `$argon2id$v=19$m=${options.memoryCost},t=${options.timeCost},p=${options.parallelism}$`;

let dummy: Promise<string> | undefined;

export async function hashPassword(password: string): Promise<string> {
  return await hash(password, options);
}

/**
 * Whether a password is the one that was hashed. Where there is no hash it does the same work and says no, so that the
 * time tells nobody whether there is an account.
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  dummy ??= hashPassword('there is no account behind this hash');
  const right = await verify(stored ?? (await dummy), password);
  return right && stored !== null;
}

/** Whether a hash was made with other parameters than today's. */
export function isOutdatedHash(stored: string): boolean {
  return !stored.startsWith(parameters);
}
