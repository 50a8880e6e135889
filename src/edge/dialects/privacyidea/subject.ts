import { type Asker, mayAskFor, type Person, type UserRecord } from '../../../engine/index.ts';
import { isSameName, type PushToken } from '../../../foundation/model/index.ts';
import { PiFault, type PiParams } from '../../formats/privacyidea/index.ts';
import { flavourRules } from './flavour.ts';
import type { PrivacyideaParts } from './parts.ts';
import { noSuchToken } from './refusals.ts';

/** Whom a login is about: a user with all push tokens, or one push token (and then its owner); and what the sources say, where they were asked. */
export type Subject = { user: string; realm: string; tokens: PushToken[]; serial?: string; person?: Person };

/** Whom a login is about, and what a source told of that user, if one was asked. */
export type Known = { subject: Subject; record?: UserRecord | undefined };

/**
 * Reads `user`, `realm` and `serial`, and finds the push tokens. Throws: nobody named (905), unknown realm (904), unknown serial (601),
 * a serial of another user (905), a realm that is not this auth server's (904).
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
    return { user: found, realm, tokens: await engine.tokensOf(found, realm) };
  }
  const token = await engine.findToken(serial);
  if (!token || !mayAskFor(asker, token.owner?.realm ?? '')) throw noSuchToken();
  const owner = token.owner ?? { user: '', realm: '' };
  if (user && !(await isOwner(parts, user, owner))) throw new PiFault('parameter', 'Given serial does not belong to given user!');
  return { user: owner.user, realm: owner.realm, tokens: [token], serial };
}

type Named = { user: string; realm: string };

/** Whether a user is the owner, by the name that was typed or else by the one that the source writes for it. */
async function isOwner({ engine }: PrivacyideaParts, { user, realm }: Named, owner: Named): Promise<boolean> {
  if (!isSameName(owner.realm, realm)) return false;
  if (isSameName(user, owner.user)) return true;
  const person = await engine.findPerson(user, realm);
  return typeof person !== 'string' && isSameName(person.username, owner.user);
}

/** The user a request names, with the realm it belongs to. Throws 904 for a realm that is not there, or not this caller's. */
export function userOf(
  { engine, product }: PrivacyideaParts,
  params: PiParams,
  asker: Pick<Asker, 'realms'>,
  unknownUser: (name: string) => string,
): { user: string; realm: string } {
  const name = params.text('user') ?? '';
  const resolved = engine.resolveName(asker, { name, realm: params.text('realm') });
  if (resolved !== 'foreign') return resolved;
  const realm = params.text('realm') ?? '';
  throw flavourRules(product).unknownRealm(realm, unknownUser(`${name}@${realm}`));
}
