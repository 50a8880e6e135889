import { createPrivateKey, type KeyObject } from 'node:crypto';
import { openCache } from '../../foundation/cache/index.ts';
import { signRsaSha256 } from '../../foundation/crypto/index.ts';
import { type Keyring, sealedBy, sealedFor } from '../../foundation/keyring/index.ts';
import type { PushToken } from '../../foundation/model/index.ts';
import type { SealTools } from './phone-protocol.ts';

/** The server keys of push tokens: stored sealed, opened here and cached for signing. */
export type ServerKeys = {
  /** The signing function of this push token's server key; undefined before its rollout. */
  signer(token: PushToken): SealTools['sign'] | undefined;
  /** Seals a new private key (PKCS#8 DER) for this serial. */
  seal(serial: string, privateKey: Buffer): string;
};

/**
 * Receives server keys that an older key of the keyring sealed: the push token, and its key sealed by the current one.
 * No reply waits for it.
 */
export type Resealing = { reseal(token: PushToken, sealed: string): void };

/**
 * Opens the cache of server keys.
 * @param max how many keys stay in memory; the first signature with a key object costs several times as much as later
 * ones
 */
export function openServerKeys(keyring: Keyring, resealing: Resealing, max = 10_000): ServerKeys {
  const opened = openCache<KeyObject>(max);
  const record = sealedFor.token;
  const open = (serial: string, sealed: string): KeyObject => {
    // The sealed text is the cache key: a new rollout makes a new one, so nothing has to be invalidated.
    const known = opened.get(sealed);
    if (known) return known;
    const key = createPrivateKey({ key: keyring.open(record(serial), sealed), format: 'der', type: 'pkcs8' });
    opened.set(sealed, key);
    return key;
  };
  return {
    signer(token) {
      const { serial, serverKey } = token;
      if (!serverKey) return undefined;
      const key = open(serial, serverKey.sealedPrivateKey);
      if (keyring.isOlder(sealedBy(serverKey.sealedPrivateKey)))
        resealing.reseal(token, keyring.seal(record(serial), key.export({ format: 'der', type: 'pkcs8' })));
      return (data) => signRsaSha256(key, data);
    },
    seal: (serial, privateKey) => keyring.seal(record(serial), privateKey),
  };
}
