/**
 * How a package comes by its label. `waiting`: the carrier has to know more of it, and its problem says what. `requested`: the
 * carrier was asked for one, and its answer is not known. `kept`: called off, but the carrier does not take it back.
 * `refused`: it has none for us. Of one that leaves by hand, or brings its own tracking number, there is `none`.
 */
export const labelStates = ['none', 'waiting', 'requested', 'bought', 'voided', 'kept', 'refused'] as const;
export type LabelState = (typeof labelStates)[number];
