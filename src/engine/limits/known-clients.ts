import { sha256Hex } from '../../foundation/crypto/index.ts';
import { type Clock, mostPersonsKnown } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';

/** How long a client stays known after the phone's last accept. */
const knownMs = 30 * 24 * 60 * 60_000;

type Parts = { store: Pick<Store, 'rememberPerson' | 'personsOf'> };

/** The key of a client that an auth server named; a hash that reveals neither. */
export const clientKey = (authServer: string, told: string): string => sha256Hex(JSON.stringify([authServer, told]));

/** Records that a phone accepted a login of this user (by key) from this client. */
export async function rememberClient({ store }: Parts, accepted: { client: string; user: string; at: number }): Promise<void> {
  const { client, user, at } = accepted;
  await store.rememberPerson(client, { person: sha256Hex(user), until: at + knownMs }, at);
}

/**
 * Whether a phone accepted a login of this user (by key) from this client within 30 days. Never known: a login without
 * a client, and a client of more than 20 users.
 */
export async function isKnownClient(
  { store, clock }: Parts & { clock: Clock },
  { client, user }: { client: string | undefined; user: string },
): Promise<boolean> {
  if (client === undefined) return false;
  const persons = await store.personsOf(client, clock());
  return persons.length <= mostPersonsKnown && persons.some(({ person }) => person === sha256Hex(user));
}
