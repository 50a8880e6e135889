/** An expected end: what was asked for, or the reason in words why the phone refuses. A reason names no credential, key, nonce or device address. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; reason: string };

/** A good end. */
export const done = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

/** A refusal and its reason. */
export const no = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });
