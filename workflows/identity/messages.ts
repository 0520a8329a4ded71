/** The queue of the domain. */
export const identityQueue = 'identity';

/** One workflow a wish to be deleted: a wish that was taken back and uttered again is another. */
export const userDeletionWorkflowId = (deletionId: string): string => `user-deletion:${deletionId}`;

export interface DeleteUserInput {
  userId: string;
  deletionId: string;
  /** ISO 8601. */
  dueAt: string;
}

export type DeleteUserResult = 'erased' | 'taken_back';

export interface IdentityActivities {
  /** Erases a user, if the wish still stands. Idempotent by the wish. */
  eraseUser(input: { userId: string; deletionId: string }): Promise<DeleteUserResult>;
  /** Adds, reseals and removes signing keys as their age asks for. Idempotent by nature. */
  rotateSigningKeys(): Promise<{ added: string | null; removed: string[] }>;
  /** Forgets sessions, links, registrations and counters that are over. Idempotent by nature. */
  cleanIdentity(): Promise<{ removed: number }>;
}
