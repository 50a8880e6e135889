import { foldedRealm, type Owner, type PushToken, type PushTokenChange } from '../../foundation/model/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import type { EngineParts } from '../parts.ts';
import { pinHashesOf } from '../people/person-key.ts';
import { changeToken, type TokenAction } from '../records/change-token.ts';
import { noFailures } from '../records/failures.ts';
import { bucketOf } from '../records/shard-bucket.ts';

/** Who is to have a push token, and with which PIN; without one it keeps its own, and the empty PIN is none. */
export type Assignment = { owner: Owner; pin: string | undefined };

/** What became of an assignment; `assigned` names whose the push token is already. */
export type Assigned = { kind: 'done' | 'gone' | 'revoked' } | { kind: 'assigned'; owner: Owner };

/**
 * Gives a push token that has no owner to a user, with the PIN if there is one. Its fail count is zero again.
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
 * Changes the owner, and with it the bucket. What is open for the push token is withdrawn first, whoever else could answer it: it is of the old
 * bucket, and a phone must not answer for who was its user. Asks again where another writer came first.
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
 * Brings the push tokens of a login into the bucket of the first one: phones look for their challenges in the bucket of their own push token. They
 * differ where the user got another name in the source, or was enrolled before the realm had sources.
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

/** Withdraws all that is open for a push token. */
export async function endTransactionsOf(parts: EngineParts, serial: string): Promise<void> {
  for (const transaction of await parts.store.openTransactionsOf(serial, parts.clock()))
    await applyEvent(parts, transaction, { kind: 'withdrawn', by: 'server' });
}
