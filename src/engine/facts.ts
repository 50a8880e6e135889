import type { Owner, PushToken } from '../foundation/model/index.ts';
import type { Facts } from '../policy/index.ts';
import type { Asker, EngineParts } from './parts.ts';

/** What policies know about a request: who asks from where, for whom, and with which push token. */
export function factsOf({ clock }: Pick<EngineParts, 'clock'>, asker: Asker, owner: Partial<Owner> | undefined, token?: PushToken): Facts {
  const { authServer, dialect, client, userAgent } = asker;
  return {
    now: clock(),
    authServer,
    dialect,
    client,
    userAgent,
    ...(owner?.user ? { user: owner.user } : {}),
    ...(owner?.realm ? { realm: owner.realm } : {}),
    ...(owner?.resolver ? { resolver: owner.resolver } : {}),
    ...(token ? { tokenType: token.type } : {}),
  };
}
