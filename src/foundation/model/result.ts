/** An expected end as a value: either what was asked for, or why not. */
export type Result<T, E> = { ok: true; value: T } | { ok: false; error: E };

/** A good end. */
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

/** An expected refusal. */
export const refused = <E>(error: E): { ok: false; error: E } => ({ ok: false, error });

/** The time as a parameter: epoch ms. Tests hand in their own. */
export type Clock = () => number;

/** What can be broken around the gateway. Refusals are values; only broken surroundings are thrown. */
export const faultCodes = ['store-unavailable', 'directory-unavailable', 'config-invalid'] as const;
/** One of them. */
export type FaultCode = (typeof faultCodes)[number];

/** Why a source of users, or one of its servers, could not be asked. `refused`: it refuses us; `unusable`: what it holds cannot be used. */
export const sourceFailures = ['timeout', 'connection', 'tls', 'garbage', 'aborted', 'refused', 'unusable'] as const;
/** One of them. */
export type SourceFailure = (typeof sourceFailures)[number];

/** The one error that is thrown on purpose. Formats map `code` to their own numbers; `message` is for operators and holds no secret. */
export class GatewayFault extends Error {
  readonly code: FaultCode;
  constructor(code: FaultCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GatewayFault';
    this.code = code;
  }
}

/** The code of an error of the operating system or of Node (`ENOENT`, `EADDRINUSE`, …); `unknown` where it has none. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
