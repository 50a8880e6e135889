import { callbackUrlOf, jwksUrlOf } from '../edge/dialects/keycloak-ciba/index.ts';
import { foldedRealm, noSuchName } from '../foundation/model/index.ts';
import type { Problem } from './problem.ts';
import type { Config } from './schema.ts';

/** Unknown realms, realms of Keycloak that no mount serves, and mounts that no realm of Keycloak can call. */
export function checkKeycloaks({ keycloaks, listeners, realms }: Config): Problem[] {
  const serving = listeners.flatMap(({ mounts }, listener) =>
    mounts.flatMap(({ serves }, mount) => (serves === 'keycloak-ciba' ? [['listeners', listener, 'mounts', mount, 'serves']] : [])),
  );
  const unknown = keycloaks.flatMap(({ realm }, index): Problem[] =>
    realm === undefined || realms.some(({ name }) => foldedRealm(name) === foldedRealm(realm))
      ? []
      : [{ path: ['keycloaks', index, 'realm'], message: noSuchName('realm', realm, realms, 'realms'), level: 'error' }],
  );
  const unserved: Problem[] =
    keycloaks.length > 0 && serving.length === 0
      ? [{ path: ['keycloaks'], message: 'no mount serves keycloak-ciba, so none of them can call; add one', level: 'error' }]
      : [];
  const uncalled =
    keycloaks.length > 0
      ? []
      : serving.map((path): Problem => ({ path, message: 'no realm under keycloaks can call this mount; add one', level: 'error' }));
  return [...unknown, ...unserved, ...uncalled, ...keycloaks.flatMap(strayAddresses)];
}

/** Addresses of another realm of the same Keycloak: a slip that only shows at the first request. */
function strayAddresses(keycloak: Config['keycloaks'][number], index: number): Problem[] {
  const realmOf = (url: string): string | undefined => /\/realms\/([^/]+)/.exec(url)?.[1];
  const own = realmOf(keycloak.issuer);
  const named = [
    ['jwksUrl', jwksUrlOf(keycloak)],
    ['callbackUrl', callbackUrlOf(keycloak)],
  ] as const;
  return named.flatMap(([key, url]): Problem[] =>
    own === undefined || realmOf(url) === own
      ? []
      : [{ path: ['keycloaks', index, key], message: `is not of the realm ${own}, which the issuer names`, level: 'warning' }],
  );
}
