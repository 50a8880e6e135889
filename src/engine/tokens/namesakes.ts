import { foldedKey, mappedName, type Owner, type PushToken, type PushTokenChange, sourceKey } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { findPerson, isNobody, ownerOf } from '../people/person.ts';
import { personKey } from '../people/person-key.ts';
import type { TokenAction } from '../records/change-token.ts';
import { bucketOf } from '../records/shard-bucket.ts';
import { changeOwner } from './token-owner.ts';

/** A user with stored push tokens: every spelling of the name, and the source's id if there is one. */
export type StoredUser = { names: string[]; resolver?: string | undefined; userid?: string | undefined };

/**
 * Names of one realm that differ only in case or in the width of letters. Versions that compared lower-case names took
 * users that are now `apart` for one, and those now `together` for two.
 */
export type Namesakes = { realm: string; now: 'apart' | 'together'; users: StoredUser[] };

const maxNames = 1000;

/** {@link PushTokens.listNamesakes}. */
export async function listNamesakes(parts: EngineParts): Promise<Namesakes[]> {
  const groups = Map.groupBy(await parts.store.namesakes(maxNames), foldedKey);
  return [...groups.values()].flatMap((owners): Namesakes[] => {
    const [{ realm } = { realm: '' }] = owners;
    const people = Map.groupBy(owners, (owner) => sourceKey(owner) ?? personKey(parts, owner));
    const users = [...people.values()].map(storedUser);
    const before = users.map(({ names }) => new Set(names.map((name) => name.toLowerCase())));
    if (before.some(({ size }) => size > 1)) return [{ realm, now: 'together', users }];
    const wereOne = new Set(before.flatMap((names) => [...names])).size < users.length;
    return wereOne ? [{ realm, now: 'apart', users }] : [];
  });
}

function storedUser(owners: readonly Owner[]): StoredUser {
  const [{ resolver, userid } = { resolver: '', userid: '' }] = owners;
  return { names: [...new Set(owners.map(({ user }) => user))].sort(), resolver: resolver || undefined, userid };
}

/** Push tokens to give to the user `into`: all that are stored under exactly the name `from`, or single ones. */
export type Handover = { realm: string; into: string } & ({ from: string } | { serials: readonly string[] });

/**
 * The push tokens that changed their owner; or why none did: no source knows `into`, or a name differs in more than
 * case and width.
 */
export type HandedOver = { kind: 'done'; serials: string[] } | { kind: 'unknown-user' | 'not-namesakes' };

/** {@link TokenAdministration.handOver}. */
export async function handOver(parts: EngineParts, { realm, into, ...which }: Handover, act: TokenAction): Promise<HandedOver> {
  const person = await findPerson(parts, into, realm);
  if (isNobody(person)) return { kind: 'unknown-user' };
  const owner = person === 'unlisted' ? { user: into, realm, resolver: '' } : ownerOf(person, realm);
  const isNamesake = (other: Pick<Owner, 'user' | 'realm'> | undefined): boolean =>
    other !== undefined && [into, owner.user].some((user) => foldedKey({ user, realm }) === foldedKey(other));
  if ('from' in which && !isNamesake({ user: which.from, realm })) return { kind: 'not-namesakes' };
  const tokens = await tokensOfHandover(parts, { realm, into, ...which });
  if (tokens.some((token) => !isNamesake(token.owner))) return { kind: 'not-namesakes' };
  const serials: string[] = [];
  for (const { serial } of tokens) {
    const change = ({ owner: was }: PushToken): PushTokenChange | undefined =>
      isNamesake(was) && !isSameOwner(was, owner) ? { owner, bucket: bucketOf(serial, owner) } : undefined;
    const isChanged = await changeOwner(parts, serial, change, act);
    if (isChanged) serials.push(serial);
  }
  return { kind: 'done', serials };
}

async function tokensOfHandover({ store }: EngineParts, { realm, ...which }: Handover): Promise<PushToken[]> {
  if ('serials' in which) {
    const found = await Promise.all(which.serials.map((serial) => store.findToken(serial)));
    return found.filter((token) => token !== undefined);
  }
  const tokens = await store.tokensOf([foldedKey({ user: which.from, realm })]);
  return tokens.filter(({ owner }) => owner && mappedName(owner.user) === mappedName(which.from));
}

const isSameOwner = (one: Owner | undefined, other: Owner): boolean =>
  one?.user === other.user && one.realm === other.realm && one.resolver === other.resolver && one.userid === other.userid;
