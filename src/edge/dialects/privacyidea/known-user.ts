import type { Context } from 'koa';
import type { Person } from '../../../engine/index.ts';
import { isSameName, type PushToken, type Transaction } from '../../../foundation/model/index.ts';
import type { AuthServer } from '../../access/index.ts';
import { PiFault, type PiParams } from '../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from './parts.ts';
import { type Subject, subjectOf, userOf } from './subject.ts';
import { rememberUser } from './user-facts.ts';

type Named = { server: AuthServer; unknownUser: (name: string) => string };

/**
 * Whom a login is about, as `subjectOf` reads it and as the sources know them; both are asked at once. The push tokens are those of the name
 * that the source writes. Throws what `subjectOf` throws, and what `findPerson` does.
 */
export async function knownSubject(
  parts: PrivacyideaParts,
  ctx: Context,
  params: PiParams,
  { server, unknownUser }: Named,
): Promise<Subject> {
  const bySerial = Boolean(params.text('serial'));
  const ofNamed = async (): Promise<Person | undefined> => {
    if (bySerial || !params.text('user')) return undefined;
    const { user, realm } = userOf(parts, params, server, unknownUser);
    return parts.engine.findPerson(user, realm);
  };
  const [typed, person] = await Promise.all([subjectOf(parts, params, server, unknownUser), ofNamed()]);
  return person === undefined ? asKnown(parts, ctx, typed) : asPerson(parts, ctx, typed, person);
}

/**
 * The subject of a second leg. Whose own transaction it is was known when it began, so no source is asked again, but for what policies look at
 * and only where it can be asked; anybody else, and any other way to write the name, is looked up.
 */
export async function secondSubject(
  parts: PrivacyideaParts,
  ctx: Context,
  typed: Subject,
  transaction: Transaction | undefined,
): Promise<Subject> {
  const isOwn = transaction !== undefined && isSameName(transaction.user, typed.user) && transaction.realm === typed.realm;
  if (!isOwn) return asKnown(parts, ctx, typed);
  const record = parts.engine.policy.looksAtUsers ? await parts.engine.recordOf(typed.user, typed.realm) : undefined;
  if (record) rememberUser(ctx, record);
  return typed;
}

async function asKnown(parts: PrivacyideaParts, ctx: Context, typed: Subject): Promise<Subject> {
  if (typed.user === '') return typed;
  return asPerson(parts, ctx, typed, await parts.engine.findPerson(typed.user, typed.realm));
}

async function asPerson({ engine }: PrivacyideaParts, ctx: Context, typed: Subject, person: Person): Promise<Subject> {
  if (person === 'unlisted') return { ...typed, person };
  if (person === 'unknown-user') return { ...typed, person, tokens: [] };
  rememberUser(ctx, person);
  const { username } = person;
  const { realm, serial } = typed;
  // Who is asked for by serial keeps the name that stands in the push token, since the second leg comes without another.
  const isAlias = serial === undefined && !isSameName(username, typed.user);
  const tokens = isAlias ? await engine.tokensOf(username, realm) : typed.tokens;
  const isTheirs = ({ owner }: PushToken): boolean => !owner || engine.isOwnedBy(owner, person);
  return { ...typed, person, user: serial === undefined ? username : typed.user, tokens: tokens.filter(isTheirs) };
}

/** Refuses (400/904) a user whom no source of the realm knows. */
export function demandKnown({ user, realm, person }: Subject, unknownUser: (name: string) => string): void {
  if (person === 'unknown-user') throw new PiFault('unknown-user', unknownUser(`${user}@${realm}`));
}
