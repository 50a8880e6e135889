import { type Asked, ownerOf } from '../../../../engine/index.ts';
import { foldedRealm, type PushToken } from '../../../../foundation/model/index.ts';
import { PiFault, type PiParams } from '../../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from '../parts.ts';
import { noSuchOwner, noSuchToken } from '../refusals.ts';
import { realmOf, resolverNamed, userOf } from '../subject.ts';

type IsTheirs = (token: PushToken) => boolean;

/**
 * The push tokens that a call of the administration is about: that of `serial`, those of `user`, or with both the one that is theirs; `realm` and
 * `resolver` narrow either. Throws 905 where nobody is named, 904 for a realm or a resolver that does not exist, 601 for a serial that is not there or is
 * somebody else's.
 * @see docs/protocols/privacyidea.md 10
 */
export async function selectedTokens(parts: PrivacyideaParts, params: PiParams): Promise<PushToken[]> {
  const serial = params.text('serial');
  if (!serial && !params.text('user')) throw new PiFault('parameter', 'Missing parameter: serial');
  const asked = params.text('user') ? await askedUser(parts, params) : undefined;
  if (!serial) return asked ? parts.engine.tokens.select(asked) : [];
  const isTheirs: IsTheirs = asked
    ? ({ owner }) => owner !== undefined && parts.engine.people.isNamedBy(owner, asked)
    : byRealm(parts, params);
  const tokens = (await parts.engine.tokens.select({ serial })).filter(isTheirs);
  if (tokens.length === 0) throw noSuchToken();
  return tokens;
}

/**
 * The user whose push tokens a call is about, as a source knows them. A user who is unknown keeps the name that was typed, and so does everybody while a source
 * cannot be asked: an administrator must be able to stop the tokens of a user who has left, at any time.
 */
async function askedUser(parts: PrivacyideaParts, params: PiParams): Promise<Asked> {
  const { user, realm } = userOf(parts, params, {}, noSuchOwner);
  const resolver = resolverNamed(parts, params, realm);
  const record = await parts.engine.people.recordOf(user, realm, resolver);
  return record ? { ...ownerOf(record, realm), typed: user } : { user, realm, resolver };
}

/** A serial with `realm` or `resolver` and without a user: the push token has to be of that realm, its owner from that source. */
function byRealm(parts: PrivacyideaParts, params: PiParams): IsTheirs {
  const realm = realmOf(parts, params, noSuchOwner);
  const resolver = realm === undefined ? params.text('resolver') : resolverNamed(parts, params, realm);
  return ({ owner, realms }) =>
    (realm === undefined || [owner?.realm ?? '', ...realms].some((name) => foldedRealm(name) === foldedRealm(realm))) &&
    (!resolver || owner?.resolver.toLowerCase() === resolver.toLowerCase());
}
