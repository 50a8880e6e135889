import type { Asked } from '../../../../engine/index.ts';
import { foldedRealm, type PushToken } from '../../../../foundation/model/index.ts';
import { PiFault, type PiParams } from '../../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from '../parts.ts';
import { noSuchOwner, noSuchToken } from '../refusals.ts';
import { realmOf, resolverNamed, userOf } from '../subject.ts';

type IsTheirs = (token: PushToken) => boolean;

/**
 * The push tokens of an administrative call: by `serial`, by `user`, or by both; narrowed by `realm` and `resolver`.
 * Throws 905 when neither is named, 904 for an unknown realm or resolver, 601 for a serial that does not exist or
 * belongs to another user.
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

/** The user of a call, for stored records. @see People.asked */
async function askedUser(parts: PrivacyideaParts, params: PiParams): Promise<Asked> {
  const { user, realm } = userOf(parts, params, {}, noSuchOwner);
  return parts.engine.people.asked(user, realm, resolverNamed(parts, params, realm));
}

/**
 * For a serial with `realm` or `resolver` but no user: the push token must be in that realm, its owner from that
 * source.
 */
function byRealm(parts: PrivacyideaParts, params: PiParams): IsTheirs {
  const realm = realmOf(parts, params, noSuchOwner);
  const resolver = realm === undefined ? params.text('resolver') : resolverNamed(parts, params, realm);
  return ({ owner, realms }) =>
    (realm === undefined || [owner?.realm ?? '', ...realms].some((name) => foldedRealm(name) === foldedRealm(realm))) &&
    (!resolver || owner?.resolver.toLowerCase() === resolver.toLowerCase());
}
