import { Failure } from '../failure.ts';
import type { Role } from '../identity/roles.ts';

/** What somebody may do with a design: each level holds the ones before it. `own` also shares and deletes it. */
export const accessLevels = ['view', 'edit', 'own'] as const;

export type Access = (typeof accessLevels)[number];

/** What a design can be shared for by name. */
export const sharedAccess = ['view', 'edit'] as const satisfies readonly Access[];

/** Whether someone in a role has all designs of the organisation, and not only their own and those shared with them. */
export function hasEveryDesign(role: Role): boolean {
  return role === 'owner' || role === 'admin';
}

/** @throws Failure `designs.access_denied` */
export function requireAccess(has: Access, needed: Access): void {
  if (accessLevels.indexOf(has) < accessLevels.indexOf(needed))
    throw new Failure('designs.access_denied', `You may ${has} this design; this needs: ${needed}.`, {
      access: has,
    });
}
