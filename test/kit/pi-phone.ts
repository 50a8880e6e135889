import { createSign } from 'node:crypto';
import type { PiClient, PiReply } from './pi-client.ts';
import { type KeyPair, preparedKeyPair } from './prepared-keys.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 base32 with padding, implemented separately, so that a mistake of the product shows. */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
  return digits.padEnd(Math.ceil(digits.length / 8) * 8, '=');
}

/** A phone that signs as the test says: no checks, no state. */
export type PiPhone = {
  readonly serial: string;
  rollout(extra?: Record<string, string>): Promise<PiReply>;
  poll(): Promise<PiReply>;
  answer(nonce: string, how?: { decline?: boolean; reason?: string; option?: string }): Promise<PiReply>;
  sign(text: string): string;
};

/** One phone key for all tests of a run. */
export const phoneKeys: KeyPair = preparedKeyPair();

/** A phone for one push token; `path` is the path that it answers to. */
export function piPhone(
  client: PiClient,
  {
    serial,
    credential,
    path = '/ttype/push',
    clock = Date.now,
  }: { serial: string; credential: string; path?: string; clock?: () => number },
): PiPhone {
  const sign = (text: string): string => base32(createSign('sha256').update(text).sign(phoneKeys.privateKey));
  const pubkey = phoneKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return {
    serial,
    sign,
    rollout: (extra = {}) =>
      client.post(path, { serial, enrollment_credential: credential, fbtoken: 'no_firebase_token', pubkey, ...extra }),
    poll() {
      const timestamp = new Date(clock()).toISOString();
      return client.get(path, { serial, timestamp, signature: sign(`${serial}|${timestamp}`) });
    },
    answer(nonce, { decline = false, reason = '', option = '' } = {}) {
      const text = [
        nonce,
        serial,
        ...(decline ? ['decline'] : []),
        ...(decline && reason ? [reason] : []),
        ...(option ? [option] : []),
      ].join('|');
      return client.post(path, {
        serial,
        nonce,
        signature: sign(text),
        ...(decline ? { decline: '1' } : {}),
        ...(reason ? { decline_reason: reason } : {}),
        ...(option ? { presence_answer: option } : {}),
      });
    },
  };
}
