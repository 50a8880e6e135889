import { createPrivateKey, type KeyObject } from 'node:crypto';
import { openCache } from '../../foundation/cache/index.ts';
import { signRsaSha256 } from '../../foundation/crypto/index.ts';
import type { Keyring } from '../../foundation/keyring/index.ts';
import type { PushToken } from '../../foundation/model/index.ts';
import type { SealTools } from './phone-protocol.ts';

/** The gateway's own keys, one per push token: sealed in the store, opened here, kept ready for the next signature. */
export type ServerKeys = {
  /** The signature by this push token's server key; undefined before its rollout. */
  signer(token: PushToken): SealTools['sign'] | undefined;
  /** Seals a new private key (PKCS#8 DER) for this serial. */
  seal(serial: string, privateKey: Buffer): string;
};

/**
 * Opens the cache of server keys.
 * @param max how many opened keys stay in memory; the first signature of a key object costs several times the later ones
 */
export function openServerKeys(keyring: Keyring, max = 10_000): ServerKeys {
  const opened = openCache<KeyObject>(max);
  const record = (serial: string): string => `token:${serial}`;
  const open = (serial: string, sealed: string): KeyObject => {
    // The sealed text is the cache's key: a new rollout makes a new one, so nothing has to be invalidated.
    const known = opened.get(sealed);
    if (known) return known;
    const key = createPrivateKey({ key: keyring.open(record(serial), sealed), format: 'der', type: 'pkcs8' });
    opened.set(sealed, key);
    return key;
  };
  return {
    signer({ serial, serverKey }) {
      if (!serverKey) return undefined;
      const key = open(serial, serverKey.sealedPrivateKey);
      return (data) => signRsaSha256(key, data);
    },
    seal: (serial, privateKey) => keyring.seal(record(serial), privateKey),
  };
}
