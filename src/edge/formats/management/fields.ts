/** A moment (epoch ms) in replies: ISO 8601, UTC. */
export const iso = (moment: number): string => new Date(moment).toISOString();

/** The same; undefined without a moment. */
export const isoOr = (moment: number | undefined): string | undefined => (moment === undefined ? undefined : iso(moment));
