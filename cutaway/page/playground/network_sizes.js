// Where units and lines of the network are drawn.

/** Units of a layer that are shown. */
export const MAX_SHOWN = 12;

/** Pixels of the side of a unit. */
export const TILE = 44;

/** Pixels between two units. */
export const GAP = 8;

/** Pixels from one layer to the next. */
export const COLUMN = 112;

/** Pixels above the first unit. */
export const TOP = 56;
