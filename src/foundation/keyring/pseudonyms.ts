import { createHmac } from 'node:crypto';
import type { Keyring } from './keyring.ts';

/** Returns the pseudonym of a name: always the same one, and not reversible without the keyring. */
export type Pseudonyms = (name: string) => string;

/** 64 bits: with a million names, the chance that two share a pseudonym is one in thirty million. */
const hexDigits = 16;

/**
 * Opens the pseudonyms of one purpose: a keyed hash, written as `name-` and 16 hex digits. They differ between purposes
 * and between keys.
 * @param purpose such as `log`
 * @param keyId a key of the keyring; by default the current one at each call
 */
export function openPseudonyms(keyring: Keyring, purpose: string, keyId?: string): Pseudonyms {
  const keyNow = (): Buffer => keyring.derive(`pseudonyms of ${purpose}`, keyId) ?? Buffer.alloc(0);
  return (name) => `name-${createHmac('sha256', keyNow()).update(name).digest('hex').slice(0, hexDigits)}`;
}
