/**
 * The moment of the transaction by the database's clock, as a value to store. What is compared later, or shown beside
 * other times, is told by one clock: those of the processes may be off.
 */
export const databaseNow = Symbol('now() of the database');
