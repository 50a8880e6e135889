export { type Admin, type AdminTokens, issueApiToken, issueKeyringToken, openAdminTokens } from './admin-tokens.ts';
export {
  type AuthServer,
  type AuthServerConfig,
  type AuthServerRight,
  authServerAt,
  authServerConfig,
  type CallerFacts,
  isKnownByCertificate,
  isOwnNetwork,
  localServer,
  openAuthServers,
  type SecondDecoding,
  type Unrecognised,
} from './auth-servers.ts';
export type { CertificateFacts, ShownCertificate } from './certificates.ts';
export { type Claims, openClaims } from './claims.ts';
export { bearerOf, type CallerRequest, type CredentialRefusal, type Credentials, openCredentials } from './credentials.ts';
export type { TokenRefusal } from './holder.ts';
export { openTokens, type Tokens } from './tokens.ts';
export { type TrustedJwt, trustedJwtConfig, unnamedIn } from './trusted-jwts.ts';
