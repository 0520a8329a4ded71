import { z } from 'zod';
import { passwordLength } from '../../domain/identity/password.ts';
import { grantableRoles, roles } from '../../domain/identity/roles.ts';
import { scopes } from '../../domain/identity/scopes.ts';

/** Any text, as the log-in takes whatever was good once. */
export const givenPassword = z.string().min(1).max(1_000).meta({ example: 'plenty of purple penguins' });

export const newPassword = z
  .string()
  .max(1_000)
  .meta({
    description: `${passwordLength.least} to ${passwordLength.most} characters; none of the commonest, and not made of your address or names.`,
    example: 'plenty of purple penguins',
  });

export const personName = z.string().trim().min(1).max(120).meta({ example: 'Ada Lovelace' });

export const organisationName = z.string().trim().min(1).max(120).meta({ example: 'Analytical Engines' });

export const mailedToken = z.string().max(200).meta({
  description: 'The token of the link in the mail.',
  example: 'vt_0198c0ffee007000800000000000beef_vZsQ8…',
});

export const idParams = z.strictObject({
  id: z.uuid().meta({ example: '0198c0ff-ee00-7000-8000-00000000beef' }),
});

export const moment = z.iso.datetime().meta({ example: '2026-11-21T12:00:00.000Z' });
export const role = z.enum(roles);
export const grantableRole = z.enum(grantableRoles).meta({ example: 'member' });
export const scope = z.enum(scopes);

/** What the answer says when a mail may or may not have gone out. */
export const mailSent = z
  .object({ status: z.literal('mail_sent') })
  .meta({ id: 'MailSent', description: 'The same, whether there is such an account or not.' });

export const sessionView = z
  .object({
    id: z.uuid(),
    organisation_id: z.uuid(),
    current: z.boolean().meta({ description: 'The one that asks.' }),
    created_at: moment,
    last_used_at: moment.meta({ description: 'To the minute.' }),
    expires_at: moment,
    address: z.string(),
    user_agent: z.string(),
  })
  .meta({ id: 'Session' });

export const tokensView = z
  .object({
    token_type: z.literal('Bearer'),
    access_token: z.string().meta({ description: 'A JWT, good for ten minutes.' }),
    expires_in: z.int().meta({ description: 'Seconds.' }),
    refresh_token: z.string().meta({ description: 'Good once, for thirty days.' }),
    session_id: z.uuid(),
    user_id: z.uuid(),
    organisation_id: z.uuid(),
    role,
  })
  .meta({ id: 'Tokens' });
