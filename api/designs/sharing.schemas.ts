import { z } from 'zod';
import type { Link } from '../../db/designs/link.repository.ts';
import type { Share } from '../../db/designs/share.repository.ts';
import { sharedAccess } from '../../domain/designs/access.ts';
import { designLimits, longestLinkHours } from '../../domain/designs/limits.ts';
import { documentSchema } from '../../domain/designs/document.ts';
import { pictureShape } from './preview.routes.ts';

export const newLink = z
  .strictObject({
    expires_in_hours: z
      .number()
      .min(0.01)
      .max(longestLinkHours)
      .default(168)
      .meta({ description: 'A year at most.', example: 168 }),
    version: z.int().min(1).max(designLimits.versions).optional().meta({
      description: 'The one version that it shows. Left out: always the newest.',
    }),
    may_copy: z.boolean().default(true).meta({
      description: 'Whether whoever has the link and an account may copy the design into it.',
    }),
  })
  .default({ expires_in_hours: 168, may_copy: true })
  .meta({ id: 'NewDesignLink', example: { expires_in_hours: 24 } });

const link = {
  id: z.uuid(),
  version: z.int().nullable().meta({ description: 'null: it shows the newest.' }),
  may_copy: z.boolean(),
  state: z.enum(['active', 'expired', 'revoked']),
  expires_at: z.iso.datetime(),
  revoked_at: z.iso.datetime().nullable(),
  created_by: z.uuid(),
  created_at: z.iso.datetime(),
};
export const linkShape = z.object(link).meta({ id: 'DesignLink' });
export const linkWithToken = z
  .object({
    ...link,
    token: z.string().meta({ description: 'Shown this once: only its hash is kept.' }),
    url: z.url().meta({ description: 'Where anybody who has it sees the design.' }),
  })
  .meta({ id: 'DesignLinkWithToken' });

export function presentLink(
  { id, version, mayCopy, expiresAt, revokedAt, ...rest }: Link,
  now: Date,
): object {
  return {
    id,
    version,
    may_copy: mayCopy,
    state: revokedAt ? 'revoked' : expiresAt <= now ? 'expired' : 'active',
    expires_at: expiresAt.toISOString(),
    revoked_at: revokedAt?.toISOString() ?? null,
    created_by: rest.createdBy,
    created_at: rest.createdAt.toISOString(),
  };
}

export const shareInput = z
  .strictObject({ access: z.enum(sharedAccess) })
  .meta({ id: 'DesignShareInput', example: { access: 'view' } });

export const shareShape = z
  .object({
    user_id: z.uuid(),
    access: z.enum(sharedAccess),
    created_by: z.uuid(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'DesignShare' });

export function presentShare({ userId, access, createdBy, createdAt }: Share): object {
  return { user_id: userId, access, created_by: createdBy, created_at: createdAt.toISOString() };
}

/** What a link shows: the design itself, and nothing of the people and the organisation behind it. */
export const sharedDesignShape = z
  .object({
    name: z.string(),
    version: z.int(),
    document: documentSchema,
    pictures: z.array(pictureShape).meta({ description: 'As far as they are drawn yet.' }),
    may_copy: z.boolean(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'SharedDesign' });
