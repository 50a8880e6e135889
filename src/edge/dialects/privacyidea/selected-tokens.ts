import type { Owner, PushToken } from '../../../foundation/model/index.ts';
import { isSameName } from '../../../foundation/model/index.ts';
import { PiFault, type PiParams } from '../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from './parts.ts';
import { noSuchOwner, noSuchToken } from './refusals.ts';
import { resolverNamed } from './resolver-named.ts';
import { realmOf, userOf } from './subject.ts';

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
  const { name, isTheirs } = params.text('user') ? await byUser(parts, params) : { name: undefined, isTheirs: byRealm(parts, params) };
  const all = serial ? await parts.engine.selectTokens({ serial }) : name ? await parts.engine.selectTokens(name) : [];
  const tokens = all.filter(isTheirs);
  if (serial && tokens.length === 0) throw noSuchToken();
  return tokens;
}

/**
 * The name under which the push tokens of a user stand, and which of them are that user's. Who is unknown keeps the name that was typed, and so does
 * everybody while a source cannot be asked: an administrator must be able to stop the tokens of who has left, at any time.
 */
async function byUser(parts: PrivacyideaParts, params: PiParams): Promise<{ name: { user: string; realm: string }; isTheirs: IsTheirs }> {
  const { engine } = parts;
  const { user, realm } = userOf(parts, params, {}, noSuchOwner);
  const source = resolverNamed(parts, params, realm);
  const record = await engine.recordOf(user, realm, source);
  const name = { user: record?.username ?? user, realm };
  const isNamesake = ({ resolver }: Owner): boolean => {
    const whose = record?.resolver ?? source;
    return whose !== undefined && resolver !== whose && (record === undefined || engine.sourceNames(realm).includes(resolver));
  };
  const isTheirs: IsTheirs = ({ owner }) =>
    owner !== undefined && isSameName(owner.user, name.user) && owner.realm === realm && !isNamesake(owner);
  return { name, isTheirs };
}

/** A serial with `realm` or `resolver` and without a user: the push token has to be of that realm, its owner from that source. */
function byRealm(parts: PrivacyideaParts, params: PiParams): IsTheirs {
  const realm = realmOf(parts, params, noSuchOwner);
  const resolver = realm === undefined ? params.text('resolver') : resolverNamed(parts, params, realm);
  return ({ owner, realms }) =>
    (realm === undefined || owner?.realm === realm || realms.includes(realm)) &&
    (!resolver || owner?.resolver.toLowerCase() === resolver.toLowerCase());
}
