import type { PushToken } from '../foundation/model/index.ts';
import type { Facts } from '../policy/index.ts';
import type { Asker, EngineParts } from './parts.ts';

/** Askers that were looked at: there is one for each request, and policies are asked many times for it. */
const short = new WeakSet<Asker>();

/** A user as far as a request, or the owner of a push token, names one. */
export type NamedOwner = { user?: string | undefined; realm?: string | undefined; resolver?: string | undefined };

/** What policies know about a request: who asks from where, for whom, and with which push token. Throws `OverlongText` as the policies do. */
export function factsOf(
  { clock, policy, realms }: Pick<EngineParts, 'clock' | 'policy' | 'realms'>,
  asker: Asker,
  owner: NamedOwner | undefined,
  token?: PushToken,
): Facts {
  // A source that was asked now knows better than what was stored with the push token.
  const resolver = asker.resolver || owner?.resolver;
  const now = clock();
  const { realms: _realms, requestId: _requestId, toldClient: _told, ...known } = asker;
  if (!short.has(asker)) {
    policy.demandShort({ now, ...known });
    short.add(asker);
  }
  return {
    now,
    ...known,
    user: owner?.user || undefined,
    ignoreCase: owner?.user ? realms.ignoresCase(owner.realm ?? '') : undefined,
    realm: owner?.realm || undefined,
    ...(resolver ? { resolver } : {}),
    tokenType: token?.type,
    ...(token && ofToken(token)),
  };
}

/** What policies know of a push token. */
type OfToken = { token: Record<string, string | undefined>; tokenInfo: Record<string, string> };

/** Push tokens that were looked at: policies are asked many times for the one of a login, and nobody changes one that was read. */
const lookedAt = new WeakMap<PushToken, OfToken>();

function ofToken(token: PushToken): OfToken {
  const known = lookedAt.get(token) ?? { token: tokenFacts(token), tokenInfo: infoFacts(token) };
  lookedAt.set(token, known);
  return known;
}

/** What conditions may ask of a push token. */
const tokenFacts = (token: PushToken): Record<string, string | undefined> => ({
  serial: token.serial,
  tokentype: token.type,
  description: token.description,
  realm: token.realms.join(','),
  failcount: String(token.failCount),
  maxfail: String(token.maxFail),
  active: String(token.enabled),
  locked: String(token.failCount >= token.maxFail),
  revoked: String(token.revoked),
  rollout_state: token.rollout,
  provider: token.provider,
});

/** What is noted about a push token, and the two dates and the count that privacyIDEA notes itself. No key and no address. */
const infoFacts = ({ info = {}, createdAt, loginCount, lastLogin }: PushToken): Record<string, string> => ({
  ...info,
  creation_date: new Date(createdAt).toISOString(),
  count_auth_success: String(loginCount),
  ...(lastLogin === undefined ? {} : { last_auth: new Date(lastLogin.at).toISOString() }),
});
