import { type Asked, type Asker, isNobody, mayAskFor, ownerOf, type Person, type UserRecord } from '../../../engine/index.ts';
import { foldedRealm, type Owner, type PushToken, type Transaction } from '../../../foundation/model/index.ts';
import { PiFault, type PiParams } from '../../formats/privacyidea/index.ts';
import { flavourRules } from './flavour.ts';
import type { PrivacyideaParts } from './parts.ts';
import { noSuchToken } from './refusals.ts';

/** The subject of a login, and the source's record of the user, if it was asked. */
export type Known = { subject: Subject; record?: UserRecord | undefined };

/**
 * The subject of a login: a user with all push tokens, or one push token with its owner; and the sources' record, if
 * they were asked. `source`: the source to ask, from the resolver or the token's owner; `typed`: the name that was
 * looked up.
 */
export type Subject = {
  user: string;
  realm: string;
  tokens: PushToken[];
  serial?: string;
  typed?: string;
  source?: string | undefined;
  person?: Person;
};

/**
 * Reads `user`, `realm`, `resolver` and `serial`, and finds the push tokens. Throws: neither user nor serial (905),
 * unknown realm or resolver (904), unknown serial (601), a serial of another user, realm or resolver (905), a realm not
 * open to this auth server (904).
 * @see docs/protocols/privacyidea.md 2 point 4, 6.1
 */
export async function subjectOf(
  parts: PrivacyideaParts,
  params: PiParams,
  asker: Asker,
  unknownUser: (name: string) => string,
): Promise<Subject> {
  const { engine } = parts;
  const serial = params.text('serial');
  const name = params.text('user');
  if (!name && !serial) throw new PiFault('parameter', 'You need to specify a serial, user or credential_id.');
  const user = name ? userOf(parts, params, asker, unknownUser) : undefined;
  if (!serial) {
    const { user: found, realm } = user ?? { user: '', realm: '' };
    return {
      user: found,
      realm,
      source: resolverNamed(parts, params, realm),
      tokens: await engine.people.tokensOf({ user: found, realm }),
    };
  }
  const token = await engine.tokens.find(serial);
  if (!token || !mayAskFor(asker, token.owner?.realm ?? '')) throw new NotTheirToken(noSuchToken());
  const owner = token.owner ?? { user: '', realm: '' };
  const realm = user?.realm ?? realmOf(parts, params, unknownUser) ?? owner.realm;
  const named = resolverNamed(parts, params, realm);
  const isFromSource = named === undefined || named === token.owner?.resolver;
  const isTheirs = !user || (token.owner && (await isOwner(parts, { ...user, source: named }, token.owner)));
  if (foldedRealm(realm) !== foldedRealm(owner.realm) || !isFromSource || !isTheirs)
    throw new NotTheirToken(new PiFault('parameter', 'Given serial does not belong to given user!'));
  const source = named ?? (user ? undefined : engine.people.sourceOf(token.owner));
  return { user: owner.user, realm: owner.realm, tokens: [token], serial, source };
}

/** The serial does not exist, or belongs to another user. */
export class NotTheirToken extends PiFault {
  constructor({ kind, message }: PiFault) {
    super(kind, message);
  }
}

/** The realm that a request names without a user; undefined without one. Throws like `userOf`. */
export function realmOf(
  { engine, product }: PrivacyideaParts,
  params: PiParams,
  unknownUser: (name: string) => string,
): string | undefined {
  const named = params.text('realm');
  if (!named) return undefined;
  const resolved = engine.realms.resolve('', named);
  if (resolved === 'unknown-realm') throw flavourRules(product).unknownRealm(named, unknownUser(`@${named}`));
  return resolved.realm;
}

type Named = { user: string; realm: string; source?: string | undefined };

/** Whether a user is the owner, by the typed name or by the source's spelling of it. */
async function isOwner({ engine }: PrivacyideaParts, { user, realm, source }: Named, owner: Owner): Promise<boolean> {
  if (engine.people.isSameUser({ user, realm }, { user: owner.user, realm: owner.realm })) return true;
  if (foldedRealm(owner.realm) !== foldedRealm(realm)) return false;
  const person = await engine.people.find(user, realm, source);
  return typeof person !== 'string' && engine.people.isOwnedBy(owner, { ...ownerOf(person, realm), typed: user });
}

/** The named user with its realm. Throws 904 for an unknown realm, or one not open to this caller. */
export function userOf(
  { engine, product }: PrivacyideaParts,
  params: PiParams,
  asker: Pick<Asker, 'realms'>,
  unknownUser: (name: string) => string,
): { user: string; realm: string } {
  const name = params.text('user') ?? '';
  const resolved = engine.admission.resolveName(asker, { name, realm: params.text('realm') });
  if (resolved !== 'foreign') return resolved;
  const realm = params.text('realm') ?? '';
  throw flavourRules(product).unknownRealm(realm, unknownUser(`${name}@${realm}`));
}

/** The text of `/validate/check` for an unknown user. */
export const unknownUser = (name: string): string => `User <${name}> does not exist.`;

/**
 * Refuses a login in a realm that is unknown or not open to its auth server. Both products reply as for an unknown user
 * (400/904).
 * @see docs/protocols/privacyidea.md 13
 */
export function demandRealm({ engine }: PrivacyideaParts, params: PiParams, asker: Asker): void {
  const [user = '', realm = ''] = [params.text('user'), params.text('realm')];
  const found = engine.realms.resolve(user, realm);
  const isOpen = found !== 'unknown-realm' && (user === '' || mayAskFor(asker, found.realm));
  if (!isOpen) throw new PiFault('unknown-user', unknownUser(`${user}@${realm}`));
}

/**
 * The source of users that `resolver` names in a realm, case-insensitive, in the configuration's spelling; undefined
 * when not given. Throws 904 for one outside of the realm.
 * @see docs/protocols/privacyidea.md 2, point 4
 */
export function resolverNamed({ engine }: PrivacyideaParts, params: PiParams, realm: string): string | undefined {
  const named = params.text('resolver')?.trim();
  if (!named) return undefined;
  const found = engine.people.findSource(realm, named);
  if (found === undefined) throw new PiFault('unknown-user', `The resolver ${named} does not exist in this realm!`);
  return found;
}

/** Refuses (905) non-empty parameters that this gateway does not support; `why` has a reason per name. */
export function demandEmpty(params: PiParams, why: Readonly<Record<string, string>>): void {
  for (const [name, because] of Object.entries(why))
    if (params.text(name)) throw new PiFault('parameter', `${because}; leave ${name} out.`);
}

/**
 * The subject of a login after a lookup in the sources: its push tokens are those with the source's user id, and those
 * with the same name and no id. Asks the source first and then the store once. Throws like `subjectOf` and
 * `findPerson`.
 */
export async function knownSubject(
  parts: PrivacyideaParts,
  params: PiParams,
  asker: Asker,
  unknownUser: (name: string) => string,
): Promise<Known> {
  if (params.text('serial') || !params.text('user')) return asKnown(parts, await subjectOf(parts, params, asker, unknownUser));
  const { user, realm } = userOf(parts, params, asker, unknownUser);
  return asKnown(parts, { user, realm, source: resolverNamed(parts, params, realm) });
}

/**
 * The subject of a second leg. The user of the own transaction needs no second directory lookup, except for facts that
 * policies use, and then only if the source is reachable. Any other user or spelling is looked up.
 */
export async function secondSubject(parts: PrivacyideaParts, typed: Subject, transaction: Transaction | undefined): Promise<Known> {
  const { engine } = parts;
  if (transaction === undefined || !engine.people.isBegunBy(transaction, typed)) return asKnown(parts, typed);
  const record = await engine.people.recordForPolicies(typed);
  if (typed.serial !== undefined) return { subject: typed, record };
  return { subject: { ...typed, user: transaction.user, tokens: await engine.people.tokensToFinish(typed.tokens, transaction) }, record };
}

/** A subject before its push tokens are found. */
type Asking = Omit<Subject, 'tokens'> & { tokens?: PushToken[] };

async function asKnown({ engine }: PrivacyideaParts, { tokens: found, ...typed }: Asking): Promise<Known> {
  const { user, realm, serial, source } = typed;
  if (user === '') return { subject: { ...typed, tokens: found ?? [] } };
  const person: Person = await engine.people.find(user, realm, source);
  if (person === 'unlisted') return { subject: { ...typed, person, tokens: found ?? (await engine.people.tokensOf({ user, realm })) } };
  if (isNobody(person)) return { subject: { ...typed, person, tokens: [] } };
  const asked: Asked = { ...ownerOf(person, realm), typed: user };
  if (serial === undefined) {
    const tokens = await engine.people.tokensOf(asked);
    return { subject: { ...typed, person, user: asked.user, typed: user, tokens }, record: person };
  }
  // A subject by serial keeps the name in the push token, since the second leg has no other name.
  const tokens = (found ?? []).filter(({ owner }) => !owner || engine.people.isOwnedBy(owner, asked));
  return { subject: { ...typed, person, tokens }, record: person };
}

/** Refuses (400/904) a user who is unknown to the realm's sources, or whose account is barred. */
export function demandKnown({ person }: Subject, unknownUserText: string): void {
  if (isNobody(person)) throw new PiFault('unknown-user', unknownUserText);
}
