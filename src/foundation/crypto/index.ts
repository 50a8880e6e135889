export { decodeBase32, encodeBase32 } from './base32.ts';
export {
  agreeX25519,
  type Curve,
  rawBytesOf,
  rawPrivateKey,
  rawPublicKey,
  signEd25519,
  verifyEd25519,
} from './curve25519.ts';
export { exportPkcs12, type Issued, issueClientCertificate, issueServerCertificate, makeAuthority } from './development-ca.ts';
export { equalText, randomDigits, randomHex, sha256Hex } from './digest.ts';
export { type Pkcs12, type Pkcs12Problem, readPkcs12 } from './pkcs12.ts';
export { readSpki, signRsaPssSha256, signRsaSha256, verifySha256 } from './rsa.ts';
export { hashScrypt } from './scrypt.ts';
export { poolThreads } from './thread-limits.ts';
