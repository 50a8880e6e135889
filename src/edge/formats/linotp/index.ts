export {
  failsWith,
  type LinotpFailure,
  type LinotpProduct,
  type LinotpReply,
  linotpFallback,
  sendLinotp,
  sendLinotpText,
} from './envelope.ts';
export { LinotpFault, type LinotpFaultKind, noRightFault } from './errors.ts';
export { type LinotpParams, linotpParams, readLinotpRequest } from './request.ts';
export { fitsLinotp, type LinotpText, linotpTexts } from './texts.ts';
