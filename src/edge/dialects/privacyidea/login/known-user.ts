import { type Asked, type Asker, ownerOf, type Person } from '../../../../engine/index.ts';
import type { PushToken, Transaction } from '../../../../foundation/model/index.ts';
import { PiFault, type PiParams } from '../../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from '../parts.ts';
import { type Known, resolverNamed, type Subject, subjectOf, userOf } from '../subject.ts';

/**
 * Whom a login is about, as `subjectOf` reads it and as the sources know them. The push tokens are those of the source's id of the user, and those without
 * one of the same name; so the source is asked first, and the store once. Throws what `subjectOf` throws, and what `findPerson` does.
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
 * The subject of a second leg. Whose own transaction it is was known when it began, so no source is asked again, but for what policies look at
 * and only where it can be asked; anybody else, and any other way to write the name, is looked up.
 */
export async function secondSubject(parts: PrivacyideaParts, typed: Subject, transaction: Transaction | undefined): Promise<Known> {
  const { engine } = parts;
  if (transaction === undefined || !engine.people.isBegunBy(transaction, typed)) return asKnown(parts, typed);
  const record = await engine.people.recordForPolicies(typed);
  if (typed.serial !== undefined) return { subject: typed, record };
  return { subject: { ...typed, user: transaction.user, tokens: await engine.people.tokensToFinish(typed.tokens, transaction) }, record };
}

/** A subject whose push tokens may still have to be found. */
type Asking = Omit<Subject, 'tokens'> & { tokens?: PushToken[] };

async function asKnown({ engine }: PrivacyideaParts, { tokens: found, ...typed }: Asking): Promise<Known> {
  const { user, realm, serial, source } = typed;
  if (user === '') return { subject: { ...typed, tokens: found ?? [] } };
  const person: Person = await engine.people.find(user, realm, source);
  if (person === 'unlisted') return { subject: { ...typed, person, tokens: found ?? (await engine.people.tokensOf({ user, realm })) } };
  if (person === 'unknown-user') return { subject: { ...typed, person, tokens: [] } };
  const asked: Asked = { ...ownerOf(person, realm), typed: user };
  if (serial === undefined) {
    const tokens = await engine.people.tokensOf(asked);
    return { subject: { ...typed, person, user: asked.user, typed: user, tokens }, record: person };
  }
  // Who is asked for by serial keeps the name that stands in the push token, since the second leg comes without another.
  const tokens = (found ?? []).filter(({ owner }) => !owner || engine.people.isOwnedBy(owner, asked));
  return { subject: { ...typed, person, tokens }, record: person };
}

/** Refuses (400/904) a user whom no source of the realm knows. */
export function demandKnown({ person }: Subject, toldUnknown: string): void {
  if (person === 'unknown-user') throw new PiFault('unknown-user', toldUnknown);
}
