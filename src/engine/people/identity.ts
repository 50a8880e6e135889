import { sha256Hex } from '../../foundation/crypto/index.ts';
import type { Actor, IdentityPin, Named } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { isSameUser } from './person-key.ts';

/** A user's id at an issuer, which never changes there. */
export type Identity = { issuer: string; subject: string };

/**
 * Whether an identity belongs to this user. The first user named with it has it from then on. Always true without an
 * identity.
 */
export async function isIdentityOf(
  { store, realms, clock }: Pick<EngineParts, 'store' | 'realms' | 'clock'>,
  identity: Identity | undefined,
  { user, realm }: Named,
): Promise<boolean> {
  if (!identity) return true;
  const id = sha256Hex(JSON.stringify([identity.issuer, identity.subject]));
  const pin = (await store.findIdentity(id)) ?? (await store.pinIdentity({ id, ...identity, user, realm, at: clock() }));
  return isSameUser({ realms }, pin, { user, realm });
}

/** The identities that belong to users, for administrators. */
export type Identities = {
  /** Those of a realm by id, after the id `after` or from the start. */
  list(realm: string, after: string | undefined, limit: number): Promise<IdentityPin[]>;
  /** Frees an identity: the next user named with it has it. Returns the one that was there. */
  remove(by: Actor, id: string): Promise<IdentityPin | undefined>;
};

/** Binds these functions to the engine's parts. */
export const openIdentities = ({ store, tell }: Pick<EngineParts, 'store' | 'tell'>): Identities => ({
  list: store.listIdentities,
  async remove(by, id) {
    const found = await store.findIdentity(id);
    if (!found || !(await store.removeIdentity(id))) return undefined;
    const { issuer, user, realm } = found;
    tell({ kind: 'identity-removed', identity: id, issuer, user, realm, by });
    return found;
  },
});
