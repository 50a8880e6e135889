import type { Asker, Person } from '../../../engine/index.ts';
import { isSameName, type PushToken, type Transaction } from '../../../foundation/model/index.ts';
import { PiFault, type PiParams } from '../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from './parts.ts';
import { resolverNamed } from './resolver-named.ts';
import { type Known, type Subject, subjectOf, userOf } from './subject.ts';

/**
 * Whom a login is about, as `subjectOf` reads it and as the sources know them; both are asked at once. The push tokens are those of the name
 * that the source writes. Throws what `subjectOf` throws, and what `findPerson` does.
 */
export async function knownSubject(
  parts: PrivacyideaParts,
  params: PiParams,
  asker: Asker,
  unknownUser: (name: string) => string,
): Promise<Known> {
  const bySerial = Boolean(params.text('serial'));
  const ofNamed = async (): Promise<Person | undefined> => {
    if (bySerial || !params.text('user')) return undefined;
    const { user, realm } = userOf(parts, params, asker, unknownUser);
    return parts.engine.findPerson(user, realm, resolverNamed(parts, params, realm));
  };
  const [typed, person] = await Promise.all([subjectOf(parts, params, asker, unknownUser), ofNamed()]);
  return person === undefined ? asKnown(parts, typed) : asPerson(parts, typed, person);
}

/**
 * The subject of a second leg. Whose own transaction it is was known when it began, so no source is asked again, but for what policies look at
 * and only where it can be asked; anybody else, and any other way to write the name, is looked up.
 */
export async function secondSubject(parts: PrivacyideaParts, typed: Subject, transaction: Transaction | undefined): Promise<Known> {
  const isNamed = transaction !== undefined && isSameName(transaction.user, typed.user) && isSameName(transaction.realm, typed.realm);
  if (!isNamed || !parts.engine.isSamePerson(transaction, typed)) return asKnown(parts, typed);
  const record = parts.engine.policy.looksAtUsers ? await parts.engine.recordOf(typed.user, typed.realm, typed.source) : undefined;
  return { subject: typed, record };
}

async function asKnown(parts: PrivacyideaParts, typed: Subject): Promise<Known> {
  if (typed.user === '') return { subject: typed };
  return asPerson(parts, typed, await parts.engine.findPerson(typed.user, typed.realm, typed.source));
}

async function asPerson({ engine }: PrivacyideaParts, typed: Subject, person: Person): Promise<Known> {
  if (person === 'unlisted') return { subject: { ...typed, person } };
  if (person === 'unknown-user') return { subject: { ...typed, person, tokens: [] } };
  const { username } = person;
  const { realm, serial } = typed;
  // Who is asked for by serial keeps the name that stands in the push token, since the second leg comes without another.
  const isAlias = serial === undefined && !isSameName(username, typed.user);
  const tokens = isAlias ? await engine.tokensOf(username, realm) : typed.tokens;
  const isTheirs = ({ owner }: PushToken): boolean => !owner || engine.isOwnedBy(owner, person);
  const user = serial === undefined ? username : typed.user;
  return { subject: { ...typed, person, user, tokens: tokens.filter(isTheirs) }, record: person };
}

/** Refuses (400/904) a user whom no source of the realm knows. */
export function demandKnown({ person }: Subject, toldUnknown: string): void {
  if (person === 'unknown-user') throw new PiFault('unknown-user', toldUnknown);
}
