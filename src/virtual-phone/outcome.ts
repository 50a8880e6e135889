/**
 * An expected end: the value, or the reason why the phone refuses. A reason names no credential, key, nonce or device
 * address.
 */
export type Outcome<T> = { ok: true; value: T } | { ok: false; reason: string };

/** A successful outcome. */
export const done = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

/** A refusal with its reason. */
export const no = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });
