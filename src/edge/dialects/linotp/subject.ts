import { type Asked, type Asker, awaitsActivation, isNobody, isUsable, mayAskFor, ownerOf, type Person } from '../../../engine/index.ts';
import type { Owner, PushToken, Transaction } from '../../../foundation/model/index.ts';
import { LinotpFault, type LinotpParams } from '../../formats/linotp/index.ts';
import type { LinotpParts } from './parts.ts';

/**
 * The user of a request as it names one, or the owner of the push token of a `serial`, whose name is empty where there is none. `type`: the one type of token
 * that the caller wants, if it does. `source` is the one to ask: the one that was named, or that of the owner of a push token that was named alone.
 */
export type TypedSubject = {
  user: string;
  realm: string;
  isBySerial: boolean;
  type: string | undefined;
  source?: string | undefined;
  /** Finds the push tokens of a user, or the one of the serial, among those that the caller may know of. */
  find(asked: Asked): Promise<PushToken[]>;
};

/** The same with the push tokens. `person`: what the sources say, where they were asked; `typed`: the name that they were asked for. */
export type Subject = Omit<TypedSubject, 'find'> & { tokens: PushToken[]; typed?: string; person?: Person };

/**
 * Reads `user`, `realm` and `resConf`, or `serial`; with both, that push token counts if it is the user's. Throws when nobody is named, and for a realm that does
 * not exist.
 * @see docs/protocols/linotp.md 10.2, 10.3
 */
export async function subjectOf(parts: LinotpParts, params: LinotpParams, asker: Asker): Promise<TypedSubject> {
  const name = params.text('user') ?? '';
  const serial = params.text('serial') ?? '';
  if (name === '' && serial === '') throw new LinotpFault('parameter', 'missing user or serial');
  const type = params.text('token_type');
  const mayAsk = (token: PushToken): boolean => mayAskFor(asker, token.owner?.realm ?? '');
  const named = name === '' ? undefined : resolved(parts, params, name, asker);
  const source = named && sourceNamed(parts, params, named.realm);
  if (named && serial === '') {
    const find = async (asked: Asked): Promise<PushToken[]> => (await parts.engine.people.tokensOf(asked)).filter(mayAsk);
    return { ...named, isBySerial: false, type, source, find };
  }
  const token = await parts.engine.tokens.find(serial);
  const { user, realm } = named ?? token?.owner ?? { user: '', realm: '' };
  const tokens = token && mayAsk(token) ? [token] : [];
  const asked = named ? source : parts.engine.people.sourceOf(token?.owner);
  return { user, realm, isBySerial: !named, type, source: asked, find: async () => tokens };
}

/**
 * The same as the sources know it: under the name that they write, with the push tokens of that very user; none for a user who is unknown or has left. Throws
 * as `findPerson`.
 */
export async function asKnown({ engine }: LinotpParts, { find, ...named }: TypedSubject): Promise<Subject> {
  const { user, realm, isBySerial, source } = named;
  const person = user === '' ? 'unlisted' : await engine.people.find(user, realm, source);
  const asked: Asked = typeof person === 'string' ? { user, realm } : { ...ownerOf(person, realm), typed: user };
  // The store is asked for unknown users too, so that the time of the reply tells nobody apart.
  const found = await find(asked);
  if (isNobody(person)) return { ...named, person, tokens: [] };
  const isTheirs = ({ owner }: PushToken): boolean => (owner ? engine.people.isOwnedBy(owner, asked) : isBySerial);
  return { ...named, person, user: asked.user, typed: user, tokens: found.filter(isTheirs) };
}

/** The same for the user who began a login and finishes it: no source is asked. */
export async function asBegun({ engine }: LinotpParts, { find, ...named }: TypedSubject, transaction: Transaction): Promise<Subject> {
  const { user, realm } = named;
  return { ...named, user: transaction.user, tokens: await engine.people.tokensToFinish(await find({ user, realm }), transaction) };
}

/** The asker of a transaction that began before, with what policies want to know of its user. */
export async function askerAbout({ engine }: LinotpParts, asker: Asker, transaction: Transaction): Promise<Asker> {
  const { user, realm } = transaction;
  return engine.admission.askerForLogin({ asker, user, realm }, await engine.people.recordForPolicies(transaction));
}

/** The push tokens of a subject that policies admit and that can be asked: bound to a phone, or to one that has to prove its key. */
export function askableTokens({ engine }: LinotpParts, asker: Asker, { tokens, type }: Subject): PushToken[] {
  const now = engine.clock();
  const canBeAsked = (token: PushToken): boolean => isUsable(token, now) || awaitsActivation(token, now);
  return engine.admission.admittedTokens(asker, tokens).filter((token) => (type === undefined || token.type === type) && canBeAsked(token));
}

/**
 * The source of users that `resConf` names, alone or with its kind behind it (`corp (ldapresolver)`), in the spelling of the configuration and in any
 * case; undefined where a request names none. One that the realm does not have knows nobody.
 * @see docs/protocols/linotp.md 6.1, 13
 */
export function sourceNamed({ engine }: LinotpParts, params: LinotpParams, realm: string): string | undefined {
  const [name = ''] = (params.text('resConf') ?? '').trim().split(/ *\(/);
  if (name === '') return undefined;
  return engine.people.findSource(realm, name) ?? name;
}

/** The user a request names. Throws for a realm that is not there, or not this caller's; administrators may name users of every realm. */
export function resolved(
  { engine }: LinotpParts,
  params: LinotpParams,
  name: string,
  asker: Pick<Asker, 'realms'> = {},
): { user: string; realm: string } {
  const found = engine.admission.resolveName(asker, { name, realm: params.text('realm') });
  if (found === 'foreign') throw new ForeignRealm('parameter', `the realm ${params.text('realm') ?? ''} does not exist`);
  return found;
}

/** A realm that does not exist, or is not the caller's. */
class ForeignRealm extends LinotpFault {}

/** Does what reads the names of a login, and tells where a realm leads nowhere: a login is refused by that, too. */
export async function namesTold<T>(
  { engine }: LinotpParts,
  { asker, params }: { asker: Asker; params: LinotpParams },
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const applicant = { asker, user: params.text('user') ?? '', realm: params.text('realm') ?? '' };
    if (error instanceof ForeignRealm) engine.admission.tellRefused(applicant, 'unknown-user');
    throw error;
  }
}

/** The user a request names, as the owner that is stored. Throws for one whom no source of the realm knows, and what `findPerson` does. */
export async function ownerNamed(parts: LinotpParts, params: LinotpParams, name: string): Promise<Owner> {
  const { user, realm } = resolved(parts, params, name);
  const found = await parts.engine.people.findOwner(user, realm, sourceNamed(parts, params, realm));
  if (!found) throw new LinotpFault('untyped', 'getUserId failed: no user found');
  return found.owner;
}
