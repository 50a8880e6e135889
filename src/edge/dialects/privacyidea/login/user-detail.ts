import type { UserRecord } from '../../../../engine/index.ts';
import type { PrivacyideaParts } from '../parts.ts';
import type { LoginOutcome } from '../refusals.ts';
import type { Subject } from '../subject.ts';
import type { Login } from './login.ts';

/**
 * Adds the accepted user's data to an outcome when a policy says so: `user`, `user-realm`, `user-resolver`. An
 * unreachable source leaves the login accepted.
 * @see docs/protocols/privacyidea.md 11.3
 */
export async function withUserDetail({ parts, asker, subject }: Login, outcome: LoginOutcome): Promise<LoginOutcome> {
  if (!outcome.value) return outcome;
  const { user, realm, tokens } = subject;
  const { policy } = parts.engine;
  const owner = { user, realm, resolver: tokens[0]?.owner?.resolver ?? '' };
  const facts = parts.engine.facts(asker, owner);
  const tellsUser = policy.value('add_user_in_response', facts) === true;
  if (!tellsUser && policy.value('add_resolver_in_response', facts) !== true) return outcome;
  const record = await toldRecord(parts, subject);
  const more = {
    user: tellsUser ? (userObject(record) ?? { username: user }) : undefined,
    'user-realm': realm,
    'user-resolver': record?.resolver ?? owner.resolver,
  };
  return { ...outcome, detail: { ...outcome.detail, ...more } };
}

function userObject(record: UserRecord | undefined) {
  if (!record) return undefined;
  const { resolver: _resolver, ...user } = record;
  return user;
}

/** The attributes of an accepted user in `/validate/samlcheck`. @see docs/protocols/privacyidea.md 6.3 */
export async function userAttributes(parts: PrivacyideaParts, subject: Subject): Promise<Record<string, string>> {
  const record = await toldRecord(parts, subject);
  if (!record) return { username: subject.user, realm: subject.realm };
  const { username, resolver, email, surname, givenname, mobile, phone } = record;
  return { username, realm: subject.realm, resolver, email, surname, givenname, mobile, phone };
}

/** The user's record from the first leg; looked up now for a second leg. */
async function toldRecord({ engine }: PrivacyideaParts, { user, realm, source, person }: Subject): Promise<UserRecord | undefined> {
  if (person !== undefined) return typeof person === 'string' ? undefined : person;
  return user === '' ? undefined : engine.people.recordOf(user, realm, source);
}
