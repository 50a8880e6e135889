import { createDecipheriv, createECDH, type ECDH, hkdfSync } from 'node:crypto';

/** A browser's side of Web Push: its public keys, and a function that decrypts a message to it. */
export type WebPushReceiver = { keys: { p256dh: string; auth: string }; read(body: Buffer): string };

/**
 * Makes a receiver with new keys, or with the given ones (base64url). Written from RFC 8291 and RFC 8188, independent
 * of the product.
 */
export function webPushReceiver(given?: { privateKey: string; auth: string }): WebPushReceiver {
  const pair = createECDH('prime256v1');
  if (given) pair.setPrivateKey(Buffer.from(given.privateKey, 'base64url'));
  else pair.generateKeys();
  const auth = given?.auth ?? 'BTBZMqHH6r4Tts7J_aSIgg';
  return {
    keys: { p256dh: pair.getPublicKey('base64url'), auth },
    read: (body) => decrypt(body, pair, Buffer.from(auth, 'base64url')),
  };
}

function decrypt(body: Buffer, pair: ECDH, auth: Buffer): string {
  const [salt, rest] = [body.subarray(0, 16), body.subarray(21)];
  const keyLength = body.readUInt8(20);
  const [senderPoint, record] = [rest.subarray(0, keyLength), rest.subarray(keyLength)];
  if (record.length > body.readUInt32BE(16)) throw new Error('more than one record');
  const hkdf = (secret: Uint8Array, from: Uint8Array, info: string | Buffer, length: number) =>
    new Uint8Array(hkdfSync('sha256', secret, from, info, length));
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), pair.getPublicKey(), senderPoint]);
  const secret = hkdf(pair.computeSecret(senderPoint), auth, info, 32);
  const key = hkdf(secret, salt, 'Content-Encoding: aes128gcm\0', 16);
  const decipher = createDecipheriv('aes-128-gcm', key, hkdf(secret, salt, 'Content-Encoding: nonce\0', 12));
  decipher.setAuthTag(record.subarray(-16));
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== 2) throw new Error('not the last record');
  return padded.toString('utf8', 0, end);
}
