/** An expected end as a value: either what was asked for, or why not. */
export type Result<T, E> = { ok: true; value: T } | { ok: false; error: E };

/** A good end. */
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

/** An expected refusal. */
export const refused = <E>(error: E): { ok: false; error: E } => ({ ok: false, error });
