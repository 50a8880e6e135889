import { ownerOf, type UserRecord } from '../../../../engine/index.ts';
import { nameKey, type Owner, type PushToken } from '../../../../foundation/model/index.ts';
import type { PrivacyideaParts } from '../parts.ts';

/** Fields of a token object that are updated from the owner's source. */
export type PersonFields = { user_id: string; resolver: string; username: string };

const atOnce = 8;

/**
 * Looks up the owners of these push tokens, each owner once. The returned function gives the fields of one owner, or
 * undefined for an unknown one. Stops at the first unreachable source, so that a list does not wait for each of them.
 * @see docs/protocols/privacyidea.md 10
 */
export async function peopleOf(
  { engine }: PrivacyideaParts,
  tokens: readonly PushToken[],
): Promise<(token: PushToken) => PersonFields | undefined> {
  const owners = new Map(tokens.flatMap(({ owner }) => (owner ? [[keyOf(owner), owner] as const] : [])));
  const known = new Map<string, UserRecord>();
  const rest = [...owners];
  let isOver = false;
  const worker = async (): Promise<void> => {
    for (let next = rest.shift(); next && !isOver; next = rest.shift()) {
      const [key, owner] = next;
      const found = await engine.people.findUser(owner.user, owner.realm, engine.people.sourceOf(owner));
      if (typeof found !== 'string') known.set(key, found);
      isOver ||= found === 'unavailable';
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return ({ owner }) => {
    const record = owner && known.get(keyOf(owner));
    if (!record || !engine.people.isOwnedBy(owner, { ...ownerOf(record, owner.realm), typed: owner.user })) return undefined;
    return { user_id: record.userid, resolver: record.resolver, username: record.username };
  };
}

/** The key of an owner's lookup: name and source. */
const keyOf = (owner: Owner): string => `${owner.resolver}\n${nameKey(owner)}`;
