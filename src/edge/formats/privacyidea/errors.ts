import { ActForbidden, type FaultCode, Overloaded, RefusedText, TurnedAway } from '../../../foundation/model/index.ts';

/** Why a request is refused in this dialect. */
export type PiFaultKind =
  | 'generic'
  | 'parameter'
  | 'validation'
  | 'unknown-user'
  | 'revoked'
  | 'assigned'
  | 'policy'
  | 'not-found'
  | 'wrong-credentials'
  | 'no-username'
  | 'no-authorization'
  | 'bad-authorization'
  | 'expired-authorization'
  | 'wrong-role'
  | 'method'
  | 'turned-away'
  | 'overloaded';

/** HTTP status, privacyIDEA's code, and whether the text begins with that code. */
export type PiErrorLine = readonly [status: number, code: number, prefixed: boolean];

/** The wire form of each refusal and fault. @see docs/protocols/privacyidea.md 1.2 */
export const errorLines: Record<PiFaultKind | FaultCode | 'defect', PiErrorLine> = {
  generic: [400, 10, true],
  parameter: [400, 905, true],
  validation: [400, 401, true],
  'unknown-user': [400, 904, true],
  revoked: [400, 1007, true],
  assigned: [400, 1103, true],
  policy: [403, 303, false],
  'not-found': [404, 601, false],
  'wrong-credentials': [401, 4031, false],
  'no-username': [401, 4032, false],
  'no-authorization': [401, 4033, false],
  'bad-authorization': [401, 4304, false],
  'expired-authorization': [401, 4305, false],
  'wrong-role': [401, 4306, false],
  method: [405, 905, true],
  'turned-away': [429, 10, true],
  overloaded: [503, -500, false],
  'store-unavailable': [503, -500, false],
  'directory-unavailable': [503, -500, false],
  'config-invalid': [400, 302, true],
  defect: [500, -500, false],
};

/**
 * Thrown by handlers of this dialect to refuse a request. The message is sent to the client; `code` overrides the
 * kind's code.
 */
export class PiFault extends Error {
  readonly kind: PiFaultKind;
  readonly code: number | undefined;
  constructor(kind: PiFaultKind, message: string, code?: number) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}

/** The refusal of an administrative act for lack of a right. */
export const noRightFault = (right: string): PiFault =>
  new PiFault(
    'policy',
    `Admin actions are defined, but ${right.startsWith('enroll') ? 'you are not allowed to enroll this token type!' : `the action ${right} is not allowed!`}`,
  );

/** Converts a refusal to a `PiFault`; undefined for any other error. */
export function asPiFault(error: unknown): PiFault | undefined {
  if (error instanceof PiFault) return error;
  if (error instanceof TurnedAway) return new PiFault('turned-away', error.message);
  if (error instanceof Overloaded) return new PiFault('overloaded', error.message);
  if (error instanceof ActForbidden) return noRightFault(error.right);
  return error instanceof RefusedText ? new PiFault('parameter', error.message) : undefined;
}
