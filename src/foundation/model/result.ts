/** An expected end as a value: the result, or the reason why there is none. */
export type Result<T, E> = { ok: true; value: T } | { ok: false; error: E };

/** A successful result. */
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

/** An expected refusal. */
export const refused = <E>(error: E): { ok: false; error: E } => ({ ok: false, error });

/** The time as a parameter: epoch ms. Tests pass their own clock. */
export type Clock = () => number;

/** Failures of the gateway's surroundings. Refusals are values; only these failures are thrown. */
export const faultCodes = ['store-unavailable', 'directory-unavailable', 'config-invalid'] as const;
/** One of them. */
export type FaultCode = (typeof faultCodes)[number];

/**
 * Why a source of users, or one of its servers, gave no answer. `refused`: it rejected our credentials or query;
 * `unusable`: its content cannot be used.
 */
export const sourceFailures = ['timeout', 'connection', 'tls', 'garbage', 'aborted', 'refused', 'unusable'] as const;
/** One of them. */
export type SourceFailure = (typeof sourceFailures)[number];

/**
 * The only error that is thrown on purpose. Formats map `code` to their own numbers; `message` is for operators and
 * holds no secret.
 */
export class GatewayFault extends Error {
  readonly code: FaultCode;
  constructor(code: FaultCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GatewayFault';
    this.code = code;
  }
}

/** The code of an error of the operating system or of Node (`ENOENT`, `EADDRINUSE`, …); `unknown` when it has none. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
