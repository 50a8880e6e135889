import type { KeyObject } from 'node:crypto';
import { agreeX25519, rawPublicKey, verifyEd25519 } from '../../../foundation/crypto/index.ts';
import { ok, type Result, refused } from '../../../foundation/model/index.ts';
import { keysOf } from './curves.ts';
import { openEax } from './eax.ts';
import { fromBase64, readTexts } from './encoding.ts';

/**
 * The parsed outer layer of a pairing response. `header` is associated data of `sealed`; `ephemeral` is the key
 * agreement's public key.
 */
export type PairingResponse = { partition: number; header: Buffer; ephemeral: Buffer; sealed: Buffer };

/**
 * The content of a pairing response. `publicKey` is Ed25519 for push tokens, X25519 for QR tokens, which have no
 * address.
 */
export type PairingContent =
  | { tokenType: 'push'; tokenId: number; publicKey: Buffer; serial: string; login: string; gda: string }
  | { tokenType: 'qr'; tokenId: number; publicKey: Buffer; serial: string; login: string };

const version = 1;
const headerBytes = 5;
const keyBytes = 32;
const tagBytes = 16;
const signatureBytes = 64;
const textsAt = 37;
const smallestPush = 104;

/**
 * Parses the outer layer of a pairing response. The reason of a refusal is for the log, never for the phone.
 * @see docs/protocols/linotp.md 7.2
 */
export function readPairingResponse(text: string): Result<PairingResponse, string> {
  const bytes = fromBase64(text);
  if (!bytes || bytes.length < headerBytes + keyBytes + tagBytes) return refused('it is not base64, or too short');
  if (bytes[0] !== version) return refused('it has another version');
  return ok({
    partition: bytes.readUInt32LE(1),
    header: bytes.subarray(0, headerBytes),
    ephemeral: bytes.subarray(headerBytes, headerBytes + keyBytes),
    sealed: bytes.subarray(headerBytes + keyBytes),
  });
}

/**
 * Decrypts a pairing response with the X25519 secret of its partition, and verifies the phone's signature.
 * @see docs/protocols/linotp.md 7.2
 */
export function openPairingResponse({ header, ephemeral, sealed }: PairingResponse, secret: KeyObject): Result<PairingContent, string> {
  const shared = agreeX25519(secret, ephemeral);
  if (!shared) return refused('its key does not allow key agreement');
  const text = openEax({ ...keysOf(shared), header }, sealed);
  if (!text) return refused('it was sealed for another key, or changed');
  switch (text[0]) {
    case 4:
      return readPush(text);
    case 2:
      return readQr(text);
    default:
      return refused('its token type does not pair');
  }
}

function readPush(text: Buffer): Result<PairingContent, string> {
  if (text.length < smallestPush) return refused('its content is too short');
  const signed = text.subarray(0, -signatureBytes);
  const [serial, login, gda] = readTexts(signed.subarray(textsAt), 3) ?? [];
  if (serial === undefined || login === undefined || gda === undefined) return refused('it does not hold three texts');
  const head = readHead(text);
  if (!verifyEd25519(rawPublicKey('ed25519', head.publicKey), signed, text.subarray(-signatureBytes)))
    return refused('its signature is wrong');
  return ok({ tokenType: 'push', ...head, serial, login, gda });
}

function readQr(text: Buffer): Result<PairingContent, string> {
  const [serial, login] = text.length > textsAt ? (readTexts(text.subarray(textsAt), 2) ?? []) : [];
  if (serial === undefined || login === undefined) return refused('it does not hold two texts');
  return ok({ tokenType: 'qr', ...readHead(text), serial, login });
}

const readHead = (text: Buffer): { tokenId: number; publicKey: Buffer } => ({
  tokenId: text.readUInt32LE(1),
  publicKey: text.subarray(headerBytes, textsAt),
});
