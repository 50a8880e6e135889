import { createHmac } from 'node:crypto';
import type { Keyring } from './keyring.ts';

/** What stands for a name: the same for the same name, and without the keyring nobody can tell whose it is. */
export type Pseudonyms = (name: string) => string;

/** 64 bits: two of a million names share one once in thirty million installations. */
const hexDigits = 16;

/**
 * Opens the pseudonyms of one purpose: a keyed hash, `name-` and 16 hex digits. Those of two purposes have nothing in common, nor have those of two keys.
 * @param purpose such as `log`
 * @param keyId a key of the keyring; the one that is current at the time when absent
 */
export function openPseudonyms(keyring: Keyring, purpose: string, keyId?: string): Pseudonyms {
  const keyNow = (): Buffer => keyring.derive(`pseudonyms of ${purpose}`, keyId) ?? Buffer.alloc(0);
  return (name) => `name-${createHmac('sha256', keyNow()).update(name).digest('hex').slice(0, hexDigits)}`;
}
