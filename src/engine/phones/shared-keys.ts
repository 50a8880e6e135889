import { randomBytes } from 'node:crypto';
import { rawBytesOf, rawPrivateKey, signEd25519 } from '../../foundation/crypto/index.ts';
import { type Keyring, sealedFor } from '../../foundation/keyring/index.ts';
import { GatewayFault, type PartitionKey, type PushToken } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';
import type { SharedKey } from './phone-protocol.ts';

/** The keys that many push tokens share: stored sealed, opened here and cached. */
export type SharedKeys = {
  /** The key for new push tokens of this phone protocol; made if there is none yet. */
  current(protocol: string): Promise<SharedKey>;
  /** The key of a partition; undefined if there is none. */
  find(protocol: string, partition: number): Promise<SharedKey | undefined>;
  /** The shared key of a push token. */
  of(token: PushToken): Promise<SharedKey | undefined>;
};

const currentPartition = 0;
const seedBytes = 32;

/**
 * Opens the shared keys. When several gateways make the same key at once, one is stored and all use it. Throws
 * `config-invalid` for a stored key that cannot be opened.
 */
export function openSharedKeys(store: Pick<Store, 'addPartitionKey' | 'findPartitionKey'>, keyring: Keyring): SharedKeys {
  const opened = new Map<string, SharedKey>();
  const find = async (protocol: string, partition: number): Promise<SharedKey | undefined> => {
    const id = idOf(protocol, partition);
    const known = opened.get(id);
    if (known) return known;
    const stored = await store.findPartitionKey(id);
    if (!stored) return undefined;
    const key = open(keyring, stored, partition);
    opened.set(id, key);
    return key;
  };
  return {
    find,
    of: ({ phone }) => find(phone.protocol, Number(phone.part.partition ?? currentPartition)),
    async current(protocol) {
      const known = await find(protocol, currentPartition);
      if (known) return known;
      await store.addPartitionKey(newKey(keyring, idOf(protocol, currentPartition)));
      const made = await find(protocol, currentPartition);
      if (!made) throw new GatewayFault('store-unavailable', 'The shared key of push tokens was not stored');
      return made;
    },
  };
}

const idOf = (protocol: string, partition: number): string => `${protocol}:${partition}`;

function newKey(keyring: Keyring, id: string): PartitionKey {
  const seed = randomBytes(seedBytes);
  const publicKey = rawBytesOf(rawPrivateKey('ed25519', seed)).toString('base64');
  return { id, publicKey, sealedSeed: keyring.seal(sealedFor.sharedKey(id), seed) };
}

function open(keyring: Keyring, { id, publicKey, sealedSeed }: PartitionKey, partition: number): SharedKey {
  const seed = keyring.open(sealedFor.sharedKey(id), sealedSeed);
  const broken = new GatewayFault('config-invalid', `The shared key ${id} of push tokens is not valid`);
  if (seed.length !== seedBytes) throw broken;
  const privateKey = rawPrivateKey('ed25519', seed);
  const publicBytes = rawBytesOf(privateKey);
  if (publicBytes.toString('base64') !== publicKey) throw broken;
  return { partition, publicKey: publicBytes, seed, sign: async (data) => signEd25519(privateKey, data) };
}
