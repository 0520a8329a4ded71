import validator from 'validator';
import { z } from 'zod';

/** One that mail can be sent to: with the lengths of RFC 5321 §4.5.3.1 for its parts, which the pattern leaves open. */
export const emailInput = z
  .email()
  .max(254)
  .refine((address) => validator.isEmail(address), 'Invalid email address')
  .meta({ example: 'ada@example.com' });
