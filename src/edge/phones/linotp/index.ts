export { type Linotp, type LinotpAnswer, openLinotp } from './protocol.ts';
export { type LinotpPhoneParts, linotpPhonePatterns, linotpPhoneRoutes } from './routes.ts';
