import type { Owner, PushToken } from '../foundation/model/index.ts';
import type { Facts } from '../policy/index.ts';
import type { Asker, EngineParts } from './parts.ts';

/** What policies know about a request: who asks from where, for whom, and with which push token. */
export function factsOf({ clock }: Pick<EngineParts, 'clock'>, asker: Asker, owner: Partial<Owner> | undefined, token?: PushToken): Facts {
  // A source that was asked now knows better than what was stored with the push token.
  const resolver = asker.resolver || owner?.resolver;
  return {
    now: clock(),
    ...asker,
    ...(owner?.user ? { user: owner.user } : {}),
    ...(owner?.realm ? { realm: owner.realm } : {}),
    ...(resolver ? { resolver } : {}),
    ...(token ? { tokenType: token.type, token: tokenFacts(token) } : {}),
  };
}

/** What conditions may ask of a push token. */
const tokenFacts = ({ serial, type, description, realms, failCount, rollout, provider }: PushToken): Record<string, string> => ({
  serial,
  tokentype: type,
  description,
  realm: realms.join(','),
  failcount: String(failCount),
  rollout_state: rollout,
  ...(provider === undefined ? {} : { provider }),
});
