import { ActForbidden, type FaultCode, NotNow, RefusedText } from '../../../foundation/model/index.ts';

/** Why a request of this dialect is refused. */
export type LinotpFaultKind = 'untyped' | 'validation' | 'no-transaction' | 'policy' | 'certificate' | 'hsm' | 'parameter' | 'token-type';

/** LinOTP's number of each refusal and fault; typed ones stand before the text as well. @see docs/protocols/linotp.md 1 */
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

/** Thrown by handlers of this dialect to refuse a request. The message is sent where the endpoint tells one. */
export class LinotpFault extends Error {
  readonly kind: LinotpFaultKind;
  constructor(kind: LinotpFaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Says that policies give an administrator no such right. */
export const noRightFault = (right: string): LinotpFault =>
  new LinotpFault('policy', `You do not have the administrative right to do this: ${right}`);

/** What a handler threw, as a refusal of this dialect where that refuses the request; anything else as it is. */
export function inLinotpWords(error: unknown): unknown {
  if (error instanceof RefusedText) return new LinotpFault('parameter', error.message);
  if (error instanceof ActForbidden) return noRightFault(error.right);
  return error instanceof NotNow ? new LinotpFault('untyped', error.message) : error;
}
