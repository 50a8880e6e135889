import { createSecretKey, randomBytes } from 'node:crypto';
import { openCache } from '../../foundation/cache/index.ts';
import { type Keyring, sealedFor } from '../../foundation/keyring/index.ts';
import { type Clock, GatewayFault, type PersonKey } from '../../foundation/model/index.ts';
import type { AuditStore } from '../../store/store.ts';
import type { HmacKey, Persons } from './persons.ts';

/** The keys for hashing personal fields, read from the store for a whole batch of entries. */
export type PersonKeys = {
  /** The keys of these persons by name; missing ones are made where `mayMake` allows. */
  of(persons: readonly Persons[]): Promise<ReadonlyMap<string, HmacKey>>;
  /** Opens a stored key; undefined if it was changed, or sealed by a key that is not in the keyring. */
  open(key: PersonKey): HmacKey | undefined;
  /** Empties the cache. */
  forget(): void;
};

/** How long a key is cached (ms), because another gateway may erase it. */
const cachedMs = 10_000;
const maxRemembered = 10_000;
const keyBytes = 32;

type PersonKeyParts = { store: AuditStore; keyring: Keyring; clock: Clock };

/** Opens the keys of persons in this store. */
export function openPersonKeys({ store, keyring, clock }: PersonKeyParts): PersonKeys {
  const known = openCache<{ key: HmacKey; at: number }>(maxRemembered);
  const open = ({ id, sealedKey }: PersonKey): HmacKey | undefined => {
    try {
      return { id, key: createSecretKey(keyring.open(sealedFor.person(id), sealedKey)), hashed: new Map() };
    } catch (error) {
      if (error instanceof GatewayFault) return undefined;
      throw error;
    }
  };
  const made = (person: string): PersonKey => {
    const id = randomBytes(12).toString('base64url');
    return { person, id, sealedKey: keyring.seal(sealedFor.person(id), randomBytes(keyBytes)) };
  };
  const read = async (names: readonly string[]): Promise<void> => {
    if (names.length === 0) return;
    for (const found of await store.findPersonKeys(names)) {
      const key = open(found);
      if (key) known.set(found.person, { key, at: clock() });
    }
  };
  const isKnown = (name: string): boolean => {
    const cached = known.get(name);
    return cached !== undefined && Math.abs(clock() - cached.at) < cachedMs;
  };
  return {
    open,
    forget: () => known.clear(),
    async of(persons) {
      const named = new Map<string, boolean>();
      for (const { subject, actor, mayMake } of persons) {
        if (subject !== undefined) named.set(subject, mayMake || named.get(subject) === true);
        if (actor !== undefined) named.set(actor, true);
      }
      const names = [...named.keys()];
      const unknown = names.filter((name) => !isKnown(name));
      for (const name of unknown) known.delete(name);
      await read(unknown);
      const missing = unknown.filter((name) => named.get(name) && !known.has(name));
      if (missing.length > 0) await store.addPersonKeys(missing.map(made));
      // Another gateway may have added the key first; the stored one counts.
      await read(missing);
      return new Map(names.flatMap((name) => (known.has(name) ? [[name, known.get(name)?.key] as const] : [])).filter(hasKey));
    },
  };
}

const hasKey = (entry: readonly [string, HmacKey | undefined]): entry is readonly [string, HmacKey] => entry[1] !== undefined;
