import { ECDH } from 'node:crypto';
import { z } from 'zod';
import { parseJson } from '../../foundation/model/index.ts';

/** The keys of a receiver: its P-256 point (65 bytes) and the secret that it shares with its senders (16 bytes). */
export type ReceiverKeys = { p256dh: Buffer; auth: Buffer };

/** Where to push, and the keys to encrypt for. Without keys it is a UnifiedPush endpoint of the old kind. */
export type Subscription = { endpoint: URL; keys?: ReceiverKeys };

const bytes = (length: number) =>
  z
    .string()
    .transform((text) => Buffer.from(text, 'base64url'))
    .refine(({ length: found }) => found === length);

// Browsers add members of their own, such as expirationTime.
const subscription = z.object({
  endpoint: z.string(),
  keys: z.object({ p256dh: bytes(65).refine(isPoint), auth: bytes(16) }).optional(),
});

/** Reads a device address: the JSON of a PushSubscription, or a bare `https:` URL. Undefined for anything else. */
export function readSubscription(address: string): Subscription | undefined {
  if (!address.startsWith('{')) return withEndpoint(address);
  const parsed = subscription.safeParse(parseJson(address));
  return parsed.success ? withEndpoint(parsed.data.endpoint, parsed.data.keys) : undefined;
}

function withEndpoint(text: string, keys?: ReceiverKeys): Subscription | undefined {
  const endpoint = URL.parse(text);
  if (endpoint?.protocol !== 'https:' || endpoint.username !== '' || endpoint.password !== '') return undefined;
  return keys ? { endpoint, keys } : { endpoint };
}

function isPoint(key: Buffer): boolean {
  try {
    ECDH.convertKey(key, 'prime256v1');
    return true;
  } catch {
    return false;
  }
}
