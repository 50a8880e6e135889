import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../foundation/model/index.ts';
import { secret } from '../../foundation/settings/index.ts';
import type { Store } from '../../store/store.ts';

const leastLength = 24;

/** A key by which an auth server signs its requests. */
export const hmacKey = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'an id has letters, digits, dot, underscore and dash')
    .meta({ description: 'Id of the key, as signed requests name it.', examples: ['vpn-2026'] }),
  secret: secret
    .refine((key) => key.reveal() === '' || key.reveal().length >= leastLength, `a secret has ${leastLength} characters or more`)
    .describe('The shared secret, at least 24 characters.'),
});

/** The signed parts of a request; `target` is path and query as sent. */
export type SignedParts = { method: string; target: string; time: string; nonce: string; body: Uint8Array };

/** The text to sign: five lines, the last one the SHA-256 of the body in hex. */
export const signedText = ({ method, target, time, nonce, body }: SignedParts): string =>
  [method, target, time, nonce, createHash('sha256').update(body).digest('hex')].join('\n');

/** The parts for checking signed requests. */
type Parts<T> = {
  owners: readonly { owner: T; keys: readonly z.output<typeof hmacKey>[] }[];
  clock: Clock;
  store: Pick<Store, 'countUp'>;
};

const windowMs = 5 * 60_000;
const nonceForm = /^[A-Za-z0-9_-]{16,64}$/;

/**
 * Checks signatures: a known key, a time within five minutes of ours, the right HMAC-SHA256 in hex, and a nonce that
 * this key has not used at any gateway in that time. Returns the owner of the key.
 */
export function openSignedRequests<T>({ owners, clock, store }: Parts<T>) {
  const known = new Map(owners.flatMap(({ owner, keys }) => keys.map(({ id, secret: text }) => [id, { owner, secret: text }] as const)));
  return async (keyId: string, signature: string, parts: SignedParts): Promise<T | undefined> => {
    const key = known.get(keyId);
    const now = clock();
    const sentAt = /^\d{10}$/.test(parts.time) ? Number(parts.time) * 1000 : Number.NaN;
    if (!key || !nonceForm.test(parts.nonce) || !(Math.abs(now - sentAt) <= windowMs)) return undefined;
    const right = createHmac('sha256', key.secret.reveal()).update(signedText(parts)).digest();
    const given = Buffer.from(signature, 'hex');
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    // Kept as long as a replay would have a valid time.
    const { count } = await store.countUp(`signed-request:${keyId}:${parts.nonce}`, now, sentAt + windowMs + 1000);
    return count === 1 ? key.owner : undefined;
  };
}
