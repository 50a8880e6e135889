import { ok, type Result, refused } from '../../../foundation/model/index.ts';
import { nulText, toBase64Url, uint32 } from './encoding.ts';

/**
 * The content of a new token's QR code. `publicKey` is the partition's; without it, `sign` signs for a phone that has
 * the key already. QR tokens use the same layout with `smsNumber`, `otpLength` and `hash`.
 */
export type PairingUrl = {
  scheme: string;
  tokenType: string;
  partition: number;
  publicKey?: Uint8Array;
  serial?: string;
  callbackUrl?: string;
  smsNumber?: string;
  otpLength?: number;
  hash?: string;
  sign?: (data: Uint8Array) => Uint8Array;
};

const version = 2;
/** The numbers of the token types that pair. */
const tokenTypes: Readonly<Record<string, number>> = { push: 4, qr: 2 };
const hashes: readonly string[] = ['sha1', 'sha256', 'sha512'];
const mostPartition = 2 ** 32 - 1;

/**
 * Encodes the URL. Refuses an invalid token type, partition, OTP length or hash, and NUL in a text.
 * @see docs/protocols/linotp.md 7.1
 */
export function pairingUrl(fields: PairingUrl): Result<string, string> {
  const { scheme, partition, publicKey, serial, callbackUrl, smsNumber, otpLength, hash, sign } = fields;
  const tokenType = Object.hasOwn(tokenTypes, fields.tokenType) ? tokenTypes[fields.tokenType] : undefined;
  if (tokenType === undefined) return refused(`a token of type ${fields.tokenType} does not pair`);
  if (!Number.isInteger(partition) || partition < 0 || partition > mostPartition) return refused('a partition is a number of 32 bits');
  if (otpLength !== undefined && !(otpLength >= 6 && otpLength <= 12)) return refused('an OTP has 6 to 12 digits');
  if (hash !== undefined && !hashes.includes(hash)) return refused(`the hash is one of ${hashes.join(', ')}`);
  if ([serial, callbackUrl, smsNumber].some((text) => text?.includes('\0'))) return refused('a text contains NUL');
  const optional: readonly [flag: number, bytes: Uint8Array | undefined][] = [
    [0x01, publicKey],
    [0x02, serial === undefined ? undefined : nulText(serial)],
    [0x04, callbackUrl === undefined ? undefined : nulText(callbackUrl)],
    [0x08, smsNumber === undefined ? undefined : nulText(smsNumber)],
    [0x10, otpLength === undefined ? undefined : Buffer.of(otpLength)],
    [0x20, hash === undefined ? undefined : Buffer.of(hashes.indexOf(hash))],
  ];
  const there = optional.flatMap(([flag, bytes]) => (bytes ? [{ flag, bytes }] : []));
  const flags = there.reduce((all, { flag }) => all | flag, 0);
  const head = [Buffer.of(version, tokenType), uint32(flags), uint32(partition)];
  const data = Buffer.concat([...head, ...there.map(({ bytes }) => bytes)]);
  const signature = publicKey === undefined && sign ? sign(data) : Buffer.alloc(0);
  return ok(`${scheme}://pair/${toBase64Url(Buffer.concat([data, signature]))}`);
}
