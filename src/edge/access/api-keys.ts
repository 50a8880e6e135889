import { createHash, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import { secret } from '../../foundation/settings/index.ts';
import { isMistyped } from './api-key-form.ts';

const leastLength = 24;
const hashForm = /^sha256:([0-9a-f]{64})$/;

/** One API key of an auth server: a reference to the key itself, or to its hash. */
export const apiKey = secret
  .refine(
    (key) => key.reveal() === '' || key.reveal().length >= leastLength,
    `an API key has ${leastLength} characters or more; make one with: npx pushgate api-key make`,
  )
  .refine((key) => !isMistyped(key.reveal()), 'the checksum of this API key is wrong: it was mistyped or cut off')
  .refine((key) => !key.reveal().startsWith('sha256:') || hashForm.test(key.reveal()), 'expected sha256: and 64 lower-case hex digits');

type Keys = z.output<typeof apiKey>;

/**
 * Finds the owner of an API key. Compares all keys in constant time. A key in the configuration is the key itself, or
 * `sha256:` and its hash in hex.
 */
export function openApiKeys<T>(owners: readonly { owner: T; keys: readonly Keys[] }[]): (text: string) => T | undefined {
  const known = owners.flatMap(({ owner, keys }) => keys.map((key) => ({ owner, digest: digestOf(key.reveal()) })));
  return (text) => {
    const digest = sha256(text);
    return known.filter((each) => timingSafeEqual(each.digest, digest)).at(0)?.owner;
  };
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

function digestOf(key: string): Buffer {
  const [, hex] = hashForm.exec(key) ?? [];
  return hex === undefined ? sha256(key) : Buffer.from(hex, 'hex');
}
