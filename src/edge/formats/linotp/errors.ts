import { ActForbidden, type FaultCode, NotNow, RefusedText } from '../../../foundation/model/index.ts';

/** Why a request is refused in this dialect. */
export type LinotpFaultKind = 'untyped' | 'validation' | 'no-transaction' | 'policy' | 'certificate' | 'hsm' | 'parameter' | 'token-type';

/** LinOTP's code of each refusal and fault; prefixed ones also begin the text. @see docs/protocols/linotp.md 1 */
export const errorCodes: Record<LinotpFaultKind | FaultCode | 'defect', { code: number; prefixed: boolean }> = {
  untyped: { code: -311, prefixed: false },
  validation: { code: 10, prefixed: true },
  'no-transaction': { code: 77, prefixed: true },
  policy: { code: 410, prefixed: true },
  certificate: { code: 410, prefixed: true },
  hsm: { code: 707, prefixed: true },
  parameter: { code: 905, prefixed: true },
  'token-type': { code: 1610, prefixed: true },
  'store-unavailable': { code: -311, prefixed: false },
  'directory-unavailable': { code: -311, prefixed: false },
  'config-invalid': { code: -311, prefixed: false },
  defect: { code: -311, prefixed: false },
};

/** Thrown by handlers of this dialect to refuse a request. The message is sent if the endpoint reports errors. */
export class LinotpFault extends Error {
  readonly kind: LinotpFaultKind;
  constructor(kind: LinotpFaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The refusal of an administrative act for lack of a right. */
export const noRightFault = (right: string): LinotpFault =>
  new LinotpFault('policy', `You do not have the administrative right to do this: ${right}`);

/** Converts a refusal to a `LinotpFault`; returns any other error unchanged. */
export function asLinotpFault(error: unknown): unknown {
  if (error instanceof RefusedText) return new LinotpFault('parameter', error.message);
  if (error instanceof ActForbidden) return noRightFault(error.right);
  return error instanceof NotNow ? new LinotpFault('untyped', error.message) : error;
}
