import { z } from 'zod';
import { firstVersion, type PublicEvent } from '../events/public-event.ts';

const someId = '01989b2e-0000-7000-8000-000000000001';
const otherId = '01989b2e-0000-7000-8000-000000000002';

function told(
  type: string,
  summary: string,
  more: z.ZodRawShape = {},
  example: Record<string, unknown> = {},
): PublicEvent {
  const shape = z.object({ id: z.string(), version: z.int(), ...more });
  return firstVersion(type, type, summary, shape, { id: someId, version: 3, ...example });
}

/** What designs let an organisation's own systems hear: references and numbers. What stands in one is asked of the API. */
export const designPublicEvents: readonly PublicEvent[] = [
  told(
    'design.created',
    'A design was saved for the first time.',
    { origin: z.string().nullable() },
    { version: 1, origin: 'preset' },
  ),
  told(
    'design.updated',
    'A design was changed; with another document it has a new version.',
    { changed: z.array(z.string()), restored_from: z.int().optional() },
    { changed: ['document'] },
  ),
  told('design.deleted', 'A design was deleted. Versions that were ordered stay.'),
  told(
    'design.shared',
    'A design was shared, by a link or with a person of the organisation.',
    {
      by: z.enum(['link', 'person']),
      link_id: z.string().optional(),
      expires_at: z.string().optional(),
      user_id: z.string().optional(),
      access: z.string().optional(),
    },
    { by: 'link', link_id: otherId, expires_at: '2026-12-31T00:00:00.000Z' },
  ),
  told(
    'design.unshared',
    'A link was revoked, or a person no longer has the design.',
    { by: z.enum(['link', 'person']), link_id: z.string().optional(), user_id: z.string().optional() },
    { by: 'person', user_id: otherId },
  ),
  told(
    'design.ordered',
    'An order names a version of a design, which is kept from now on whatever becomes of the design.',
    { order_id: z.string() },
    { order_id: otherId },
  ),
  told(
    'design.preview_ready',
    'Pictures of a version of a design are there.',
    { design_id: z.string(), pictures: z.int(), bytes: z.int() },
    { design_id: otherId, pictures: 4, bytes: 48_000 },
  ),
  told(
    'design.preview_failed',
    'A version of a design could not be drawn.',
    { design_id: z.string(), code: z.string() },
    { design_id: otherId, code: 'images.too_slow' },
  ),
  told(
    'design.optimised',
    'A design was made smaller, or it turned out that it can’t be.',
    {
      design_id: z.string(),
      state: z.string(),
      new_version: z.int().optional(),
      bytes_before: z.int().optional(),
      bytes_after: z.int().optional(),
      code: z.string().optional(),
    },
    { design_id: otherId, state: 'completed', new_version: 4, bytes_before: 900_000, bytes_after: 120_000 },
  ),
];
