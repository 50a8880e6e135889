import { sha256Hex } from '../../foundation/crypto/index.ts';
import type { Named } from '../../foundation/model/index.ts';
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
