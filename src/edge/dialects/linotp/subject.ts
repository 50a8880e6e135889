import { type Asked, type Asker, awaitsActivation, isNobody, isUsable, mayAskFor, ownerOf, type Person } from '../../../engine/index.ts';
import type { Owner, PushToken, Transaction } from '../../../foundation/model/index.ts';
import { LinotpFault, type LinotpParams } from '../../formats/linotp/index.ts';
import type { LinotpParts } from './parts.ts';

/**
 * The user that a request names, or the owner of the push token of a `serial` (empty without an owner). `type`: the
 * requested token type, if any. `source`: the source to ask: the named one, or that of the token's owner.
 */
export type TypedSubject = {
  user: string;
  realm: string;
  isBySerial: boolean;
  type: string | undefined;
  source?: string | undefined;
  /** Finds the push tokens of a user, or that of the serial, which the caller may see. */
  find(asked: Asked): Promise<PushToken[]>;
};

/**
 * The same with the push tokens. `person`: the sources' record, if they were asked; `typed`: the name that was looked
 * up.
 */
export type Subject = Omit<TypedSubject, 'find'> & { tokens: PushToken[]; typed?: string; person?: Person };

/**
 * Reads `user`, `realm` and `resConf`, or `serial`; with both, the push token counts if it is the user's. Throws when
 * neither is named, and for an unknown realm.
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
 * Looks the user up in the sources: returns the source's spelling of the name, and the push tokens of that user; none
 * for an unknown or departed user. Throws like `findPerson`.
 */
export async function asKnown({ engine }: LinotpParts, { find, ...named }: TypedSubject): Promise<Subject> {
  const { user, realm, isBySerial, source } = named;
  const person = user === '' ? 'unlisted' : await engine.people.find(user, realm, source);
  const asked: Asked = typeof person === 'string' ? { user, realm } : { ...ownerOf(person, realm), typed: user };
  // Also queries the store for unknown users, so that response time does not reveal them.
  const found = await find(asked);
  if (isNobody(person)) return { ...named, person, tokens: [] };
  const isTheirs = ({ owner }: PushToken): boolean => (owner ? engine.people.isOwnedBy(owner, asked) : isBySerial);
  return { ...named, person, user: asked.user, typed: user, tokens: found.filter(isTheirs) };
}

/** The same for the user who began the login: needs no directory lookup. */
export async function asBegun({ engine }: LinotpParts, { find, ...named }: TypedSubject, transaction: Transaction): Promise<Subject> {
  const { user, realm } = named;
  return { ...named, user: transaction.user, tokens: await engine.people.tokensToFinish(await find({ user, realm }), transaction) };
}

/** The caller in an earlier transaction, with the facts about its user for policies. */
export async function askerAbout({ engine }: LinotpParts, asker: Asker, transaction: Transaction): Promise<Asker> {
  const { user, realm } = transaction;
  return engine.admission.askerForLogin({ asker, user, realm }, await engine.people.recordForPolicies(transaction));
}

/** The push tokens of a subject that policies admit and that can be asked: enrolled, or awaiting activation. */
export function askableTokens({ engine }: LinotpParts, asker: Asker, { tokens, type }: Subject): PushToken[] {
  const now = engine.clock();
  const canBeAsked = (token: PushToken): boolean => isUsable(token, now) || awaitsActivation(token, now);
  return engine.admission.admittedTokens(asker, tokens).filter((token) => (type === undefined || token.type === type) && canBeAsked(token));
}

/**
 * The source of users named by `resConf`, with or without its kind (`corp (ldapresolver)`), case-insensitive, in the
 * configuration's spelling; undefined when not given. A source outside of the realm knows nobody.
 * @see docs/protocols/linotp.md 6.1, 13
 */
export function sourceNamed({ engine }: LinotpParts, params: LinotpParams, realm: string): string | undefined {
  const [name = ''] = (params.text('resConf') ?? '').trim().split(/ *\(/);
  if (name === '') return undefined;
  return engine.people.findSource(realm, name) ?? name;
}

/**
 * The user that a request names. Throws for an unknown realm, or one not open to this caller; administrators may name
 * users of every realm.
 */
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

/** A realm that is unknown or not open to the caller. */
class ForeignRealm extends LinotpFault {}

/** Runs `read`, and publishes a refused login when it throws for the realm. */
export async function withRefusalEvent<T>(
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

/** The named user as a stored owner. Throws for a user whom no source of the realm knows, and like `findPerson`. */
export async function ownerNamed(parts: LinotpParts, params: LinotpParams, name: string): Promise<Owner> {
  const { user, realm } = resolved(parts, params, name);
  const found = await parts.engine.people.findOwner(user, realm, sourceNamed(parts, params, realm));
  if (!found) throw new LinotpFault('untyped', 'getUserId failed: no user found');
  return found.owner;
}
