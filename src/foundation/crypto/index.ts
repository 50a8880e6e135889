export { decodeBase32, encodeBase32 } from './base32.ts';
export { equalText, randomDigits, randomHex, sha256Hex } from './digest.ts';
export { readSpki, signRsaSha256, verifySha256 } from './rsa.ts';
