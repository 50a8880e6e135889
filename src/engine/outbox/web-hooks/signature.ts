import { createHmac, type KeyObject } from 'node:crypto';
import { rawPrivateKey, signEd25519 } from '../../../foundation/crypto/index.ts';
import { ok, type Result, refused } from '../../../foundation/model/index.ts';

/** A key that signs web hooks. */
export type HookKey = { kind: 'hmac'; key: Buffer } | { kind: 'ed25519'; key: KeyObject };

const seedBytes = 32;

/**
 * Reads the text of a key: `whsec_` and 24 to 64 bytes in base64 (HMAC), or `whsk_` and an Ed25519 key in base64 (its
 * seed, or seed and public key). The refusal is a sentence without the key.
 * @see https://www.standardwebhooks.com
 */
export function readHookKey(text: string): Result<HookKey, string> {
  const [, form = '', encoded = ''] = /^(whsec_|whsk_)([A-Za-z0-9+/_-]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (form === 'whsec_')
    return bytes.length >= 24 && bytes.length <= 64
      ? ok({ kind: 'hmac', key: bytes })
      : refused('is not 24 to 64 bytes long; make one with: echo "whsec_$(openssl rand -base64 32)"');
  if (form === 'whsk_')
    return bytes.length === seedBytes || bytes.length === 2 * seedBytes
      ? ok({ kind: 'ed25519', key: rawPrivateKey('ed25519', bytes.subarray(0, seedBytes)) })
      : refused('is not an Ed25519 key: 32 or 64 bytes in base64 after whsk_');
  return refused('begins with neither whsec_ (HMAC) nor whsk_ (Ed25519)');
}

/** What is signed: `id.timestamp.body`, with the time of sending in seconds since 1970. */
export type SignedHook = { id: string; timestamp: number; body: string };

/** The header `webhook-signature`: one signature per key, separated by spaces. */
export const hookSignature = (keys: readonly HookKey[], { id, timestamp, body }: SignedHook): string =>
  keys.map((key) => oneSignature(key, `${id}.${timestamp}.${body}`)).join(' ');

const oneSignature = ({ kind, key }: HookKey, text: string): string =>
  kind === 'hmac'
    ? `v1,${createHmac('sha256', key).update(text).digest('base64')}`
    : `v1a,${signEd25519(key, Buffer.from(text)).toString('base64')}`;
