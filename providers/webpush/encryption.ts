import { createCipheriv, createECDH, type ECDH, hkdfSync, randomBytes } from 'node:crypto';
import type { ReceiverKeys } from '../../src/delivery/provider-kit/index.ts';

/** The maximum payload in bytes: push services accept 4096 bytes, and header, delimiter and tag need 103. */
export const maxPayloadBytes = 3993;

const recordSize = 4096;
const lastRecord = Buffer.of(2);

/** Fresh values for every message: the salt (16 bytes) and an ephemeral key pair. */
export type Randomness = { salt: Buffer; sender: ECDH };

/**
 * Encrypts a payload for one receiver as one `aes128gcm` record.
 * @see RFC 8291 (message encryption for Web Push), RFC 8188 (the content encoding)
 */
export function encrypt(payload: string, { p256dh, auth }: ReceiverKeys, { salt, sender }: Randomness = fresh()): Buffer {
  const senderPoint = sender.getPublicKey();
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), p256dh, senderPoint]);
  const secret = hkdf(sender.computeSecret(p256dh), auth, info, 32);
  const key = hkdf(secret, salt, 'Content-Encoding: aes128gcm\0', 16);
  const nonce = hkdf(secret, salt, 'Content-Encoding: nonce\0', 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const sealed = [cipher.update(payload, 'utf8'), cipher.update(lastRecord), cipher.final(), cipher.getAuthTag()];
  const sizes = Buffer.alloc(5);
  sizes.writeUInt32BE(recordSize);
  sizes.writeUInt8(senderPoint.length, 4);
  return Buffer.concat([salt, sizes, senderPoint, ...sealed]);
}

function fresh(): Randomness {
  const sender = createECDH('prime256v1');
  sender.generateKeys();
  return { salt: randomBytes(16), sender };
}

const hkdf = (secret: Buffer, salt: Buffer, info: Buffer | string, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, length));
