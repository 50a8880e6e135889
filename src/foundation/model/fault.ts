/** What can be broken around the gateway. Refusals are values; only broken surroundings are thrown. */
export type FaultCode = 'store-unavailable' | 'directory-unavailable' | 'config-invalid';

/** The one error that is thrown on purpose. Formats map `code` to their own numbers; `message` is for operators and holds no secret. */
export class GatewayFault extends Error {
  readonly code: FaultCode;
  constructor(code: FaultCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GatewayFault';
    this.code = code;
  }
}
