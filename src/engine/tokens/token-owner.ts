import { foldedRealm, type Owner, type PushToken, type PushTokenChange } from '../../foundation/model/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import type { EngineParts } from '../parts.ts';
import { pinHashesOf } from '../people/person-key.ts';
import { changeToken, type TokenAction } from '../records/change-token.ts';
import { noFailures } from '../records/failures.ts';
import { bucketOf } from '../records/shard-bucket.ts';

/** The new owner of a push token, and the PIN: undefined keeps the present one, the empty one removes it. */
export type Assignment = { owner: Owner; pin: string | undefined };

/** The result of an assignment; `assigned` names the present owner. */
export type Assigned = { kind: 'done' | 'gone' | 'revoked' } | { kind: 'assigned'; owner: Owner };

/**
 * Gives a push token without an owner to a user, with a PIN if there is one. Clears its fail count.
 * @see docs/protocols/privacyidea.md 10
 */
export async function assignToken(parts: EngineParts, serial: string, { owner, pin }: Assignment, act: TokenAction): Promise<Assigned> {
  const pinHash =
    pin === undefined ? {} : { pinHash: pin === '' ? null : await parts.passwords.hash(pin, await pinHashesOf(parts, owner)) };
  let refused: Assigned | undefined;
  const change = (token: PushToken): PushTokenChange | undefined => {
    refused = token.owner ? { kind: 'assigned', owner: token.owner } : token.revoked ? { kind: 'revoked' } : undefined;
    if (refused) return undefined;
    const realms = [...token.realms.filter((realm) => foldedRealm(realm) !== foldedRealm(owner.realm)), owner.realm].filter(
      (realm) => realm !== '',
    );
    return { owner, realms, bucket: bucketOf(serial, owner), ...noFailures, ...pinHash };
  };
  const changed = await changeOwner(parts, serial, change, act);
  return refused ?? { kind: changed ? 'done' : 'gone' };
}

/** {@link TokenAdministration.unassign}. */
export async function unassignTokens(parts: EngineParts, tokens: readonly PushToken[], act: TokenAction): Promise<number> {
  let changed = 0;
  for (const { serial } of tokens) {
    const change = ({ owner }: PushToken): PushTokenChange | undefined =>
      owner ? { owner: null, pinHash: null, bucket: bucketOf(serial), ...noFailures } : undefined;
    const isChanged = await changeOwner(parts, serial, change, act);
    if (isChanged) changed += 1;
  }
  return changed;
}

/**
 * Changes the owner and, with it, the bucket. Open transactions are withdrawn first, even if other phones could answer
 * them: they are in the old bucket, and a phone must not answer for its former user. Calls `change` again after a
 * conflict.
 */
export async function changeOwner(
  parts: EngineParts,
  serial: string,
  change: (token: PushToken) => PushTokenChange | undefined,
  act: TokenAction,
): Promise<boolean> {
  const token = await parts.store.findToken(serial);
  if (!token || !change(token)) return false;
  await endTransactionsOf(parts, serial);
  return (await changeToken(parts, serial, change, { act })) === 'changed';
}

/**
 * Moves the push tokens of a login to the bucket of the first one, because phones find their challenges by their own
 * token's bucket. Buckets differ if the user was renamed in the source, or enrolled before the realm had sources.
 */
export async function gatherInBucket(parts: EngineParts, [first, ...others]: readonly PushToken[]): Promise<void> {
  for (const token of others) {
    if (!first || token.bucket === first.bucket) continue;
    await endTransactionsOf(parts, token.serial);
    await changeToken(parts, token.serial, ({ bucket }) => (bucket === first.bucket ? undefined : { bucket: first.bucket }), {
      known: token,
    });
  }
}

/** Withdraws all open transactions of a push token. */
export async function endTransactionsOf(parts: EngineParts, serial: string): Promise<void> {
  for (const transaction of await parts.store.openTransactionsOf(serial, parts.clock()))
    await applyEvent(parts, transaction, { kind: 'withdrawn', by: 'server' });
}
