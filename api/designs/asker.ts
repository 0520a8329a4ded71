import type { Asker } from '../../db/designs/design.ts';
import { hasEveryDesign } from '../../domain/designs/access.ts';
import type { Principal } from '../principal.ts';

/** Who asks for designs by the API. */
export function askerOf({ userId, role }: Principal): Asker {
  return { userId, everyDesign: hasEveryDesign(role) };
}
