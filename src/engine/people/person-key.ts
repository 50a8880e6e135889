import {
  foldedKey,
  foldedRealm,
  type Named,
  nameKey,
  type Owner,
  type PushToken,
  sourceKey,
  type Transaction,
} from '../../foundation/model/index.ts';
import type { Page, PushTokenFilter } from '../../store/store.ts';
import type { EngineParts } from '../parts.ts';

type Parts = Pick<EngineParts, 'realms'>;
type OwnerParts = Pick<EngineParts, 'realms' | 'store' | 'directory'>;

/** A user as a request names one. `typed`: the name that was looked up, if the source writes it differently. */
export type Asked = Named & { typed?: string | undefined };

/** {@link People.key}. */
export const personKey = ({ realms }: Parts, named: Named): string => (realms.ignoresCase(named.realm) ? foldedKey(named) : nameKey(named));

/** {@link People.isSameUser}. */
export function isSameUser(parts: Parts, one: Named, other: Named): boolean {
  const [first, second] = [sourceKey(one), sourceKey(other)];
  if (first !== undefined && second !== undefined) return first === second;
  if (first !== undefined || second !== undefined) return nameKey(one) === nameKey(other);
  return personKey(parts, one) === personKey(parts, other);
}

/** {@link People.isOwnedBy}. */
export function isOwnedBy(parts: Pick<EngineParts, 'realms' | 'directory'>, owner: Owner, asked: Asked): boolean {
  if (foldedRealm(owner.realm) !== foldedRealm(asked.realm)) return false;
  const { user, resolver = '', userid, typed = user } = asked;
  const isOfItsSource = resolver !== '' && owner.resolver === resolver;
  if (isOfItsSource && owner.userid !== undefined) return owner.userid === userid;
  const isElsewhere = resolver !== '' && !isOfItsSource && parts.directory.sourceNames(owner.realm).includes(owner.resolver);
  return !isElsewhere && [user, typed].some((name) => personKey(parts, { ...asked, user: name }) === personKey(parts, owner));
}

/** The keys of all push tokens that may belong to a user: by the source's id and by name. */
export function keysOf(parts: Parts, asked: Asked): string[] {
  const { user, typed = user } = asked;
  const bySource = sourceKey(asked);
  const byName = [user, typed].map((name) => personKey(parts, { ...asked, user: name }));
  return [...new Set([...byName, ...(bySource === undefined ? [] : [bySource])])];
}

/** {@link People.tokensOf}. */
export async function tokensOf(parts: OwnerParts, asked: Asked): Promise<PushToken[]> {
  const tokens = await parts.store.tokensOf(keysOf(parts, asked));
  return tokens.filter(({ owner }) => owner && isOwnedBy(parts, owner, asked));
}

/** The PIN hashes of a user's push tokens, except those about to get a new PIN. */
export async function pinHashesOf(parts: OwnerParts, owner: Asked | undefined, except: readonly string[] = []): Promise<string[]> {
  const tokens = owner ? await tokensOf(parts, owner) : [];
  return tokens.flatMap(({ serial, pinHash }) => (pinHash === undefined || except.includes(serial) ? [] : [pinHash]));
}

/** A user as a later request of a login names one; `source` if it names the source too. */
export type NamedAgain = { user: string; realm: string; source?: string | undefined };

/** {@link People.isBegunBy}. */
export function isBegunBy(parts: Pick<EngineParts, 'realms' | 'directory'>, transaction: Transaction, again: NamedAgain): boolean {
  const { user, realm, typed = user, resolver, userid } = transaction;
  const named = { user: again.user, realm: again.realm };
  const isNamed = (name: string): boolean => isSameUser(parts, named, { user: name, realm, resolver, userid });
  if (isNamed(typed) && again.source === transaction.source) return true;
  const meant = again.source ?? parts.directory.sourceNames(realm)[0];
  return [typed, user].some(isNamed) && meant !== undefined && meant === resolver;
}

/** {@link People.tokensToFinish}. */
export async function tokensToFinish(parts: OwnerParts, found: readonly PushToken[], transaction: Transaction): Promise<PushToken[]> {
  const asked = new Set(transaction.decision.challenges.map(({ serial }) => serial));
  const theirs = found.filter(({ serial, owner }) => asked.has(serial) || (owner && isOwnedBy(parts, owner, transaction)));
  const areThere = [...asked].every((serial) => theirs.some((token) => token.serial === serial));
  return areThere || sourceKey(transaction) === undefined ? theirs : tokensOf(parts, transaction);
}

/** The filter of a list of push tokens. `of`: a user, or a name with `*`, ignoring case. */
export type ListFilter = Omit<PushTokenFilter, 'ownerKeys' | 'notResolvers'> & { of?: Asked | undefined };

/** {@link People.listTokens}. */
export function listTokens(parts: OwnerParts, { of, ...filter }: ListFilter, page: Page) {
  const names = of?.user.includes('*') ? { user: of.user, realm: of.realm } : of && { ownerKeys: keysOf(parts, of) };
  return parts.store.listTokens({ ...filter, ...names, ...(of && sourceFilter(parts, of)) }, page);
}

/**
 * The sources that an administrator means by a user. If a source knows the user (`userid`), other sources of the realm
 * are excluded; if the named source does not, or does not answer, only its own push tokens are meant.
 */
function sourceFilter({ directory }: OwnerParts, { realm, resolver, userid }: Asked): Pick<PushTokenFilter, 'resolver' | 'notResolvers'> {
  if (!resolver) return {};
  return userid === undefined ? { resolver } : { notResolvers: directory.sourceNames(realm).filter((name) => name !== resolver) };
}

/** {@link People.isNamedBy}. */
export function isNamedBy(parts: OwnerParts, owner: Owner, asked: Asked): boolean {
  const { resolver = owner.resolver, notResolvers = [] } = sourceFilter(parts, asked);
  const { user, typed = user } = asked;
  const isWrittenSo = [user, typed].some((name) => nameKey({ ...asked, user: name }) === nameKey(owner));
  return owner.resolver === resolver && !notResolvers.includes(owner.resolver) && (isWrittenSo || isOwnedBy(parts, owner, asked));
}

/** The push tokens that an administrator means by a user, by serial. */
export async function tokensNamed(parts: OwnerParts, asked: Asked): Promise<PushToken[]> {
  const tokens = await parts.store.tokensOf(keysOf(parts, asked));
  return tokens.filter(({ owner }) => owner && isNamedBy(parts, owner, asked));
}
