import { checkProviders, knownProviders } from '../delivery/registry/index.ts';
import { localServer, unnamedIn } from '../edge/access/index.ts';
import { routeConflicts } from '../edge/http/index.ts';
import { foldedRealm, noSuchName } from '../foundation/model/index.ts';
import { checkPolicies } from '../policy/index.ts';
import { checkMounts } from './auth-server-mounts.ts';
import { checkCertificates } from './certificate-check.ts';
import { checkKeycloaks } from './keycloak-check.ts';
import { routesOf } from './mounts.ts';
import type { Catalog } from './plugins.ts';
import type { Problem } from './problem.ts';
import type { Config } from './schema.ts';
import { checkUserRules } from './user-rules.ts';

/** The existing token types; a rule for any other type never matches. */
const tokenTypes = ['push', 'edupush'];

/** Problems that concern several parts: names that are used but not defined, defined twice, or owned by two. */
export function crossCheck(config: Config, catalog: Catalog): Problem[] {
  const realms = config.realms.map(({ name }) => name);
  const known = {
    providers: knownProviders(config.providers, catalog),
    realms,
    adminRealms: config.trustedJwts.flatMap(({ realm, role }) => (role === 'admin' && realm !== '' ? [realm] : [])),
    authServers: [
      ...config.authServers,
      ...config.keycloaks.map(({ name, realm }) => ({ name, realms: realm === undefined ? undefined : [realm] })),
    ],
    mounts: config.listeners.flatMap(({ mounts }) => mounts.map(knownMount)),
    tokenTypes,
  };
  return [
    ...config.listeners.flatMap(({ mounts }, index) =>
      routeConflicts(mounts.map(routesOf)).map((problem) => at(['listeners', index], problem)),
    ),
    ...doubledNames(config),
    ...hookServers(config),
    ...workersOnOneStore(config),
    ...sourceNames(config),
    ...checkKeycloaks(config),
    ...oneDefault(config),
    ...checkMounts(config),
    ...realmNames(config),
    ...callerNames(config),
    ...looseJwts(config),
    ...checkCertificates(config),
    ...checkProviders(config.providers).map((problem) => at(['providers'], problem)),
    ...checkUserRules(config),
    ...checkPolicies(config.policies, known).map((problem) => at(['policies'], problem)),
  ];
}

/** Names, addresses and issuers that stand twice where each has to be the only one. */
function doubledNames({ listeners, authServers, keycloaks, realms, userSources, radiusServers, webHooks }: Config): Problem[] {
  const names = (list: readonly { name?: string | undefined }[]): (string | undefined)[] => list.map(({ name }) => name);
  return [
    ...doubles(
      listeners.map(({ address }) => address),
      'listeners',
      'address',
    ),
    ...doubles(names(listeners), 'listeners', 'name'),
    ...doubles(names(authServers), 'authServers', 'name'),
    ...doubles(names([...authServers, ...keycloaks]), 'keycloaks', 'name', authServers.length),
    ...doubles(
      keycloaks.map(({ issuer }) => issuer),
      'keycloaks',
      'issuer',
    ),
    ...doubles(names(realms), 'realms', 'name'),
    ...doubles(names(userSources), 'userSources', 'name'),
    ...doubles(names(radiusServers), 'radiusServers', 'name'),
    ...doubles(names(webHooks), 'webHooks', 'name'),
  ];
}

/** The facts of a mount that rules can match. */
const knownMount = ({ path, serves: dialect, flavour }: Config['listeners'][number]['mounts'][number]) => ({
  path,
  dialect,
  flavour: dialect === 'privacyidea' ? flavour : undefined,
});

const error = (path: PropertyKey[], message: string): Problem => ({ path, message, level: 'error' });
const at = (prefix: readonly PropertyKey[], problem: Problem): Problem => ({ ...problem, path: [...prefix, ...problem.path] });

/** `before`: how many names at the start of `names` stand in another list. */
function doubles(names: readonly (string | undefined)[], list: string, key: string, before = 0): Problem[] {
  return names.flatMap((name, index) =>
    index >= before && name !== undefined && names.findIndex((other) => other?.toLowerCase() === name.toLowerCase()) < index
      ? [error([list, index - before, key], `"${name}" is there twice; give each its own`)]
      : [],
  );
}

function oneDefault({ realms }: Config): Problem[] {
  const defaults = realms.flatMap((realm, index) => (realm.default ? [index] : []));
  return defaults.slice(1).map((index) => error(['realms', index, 'default'], 'another realm is the default already'));
}

/**
 * SQLite lets several processes write, but every commit waits for the others, and no process hears of the decisions of
 * another.
 */
function workersOnOneStore({ cluster, store }: Config): Problem[] {
  if (cluster.workers === 1 || store.kind !== 'embedded') return [];
  const why = 'an embedded store is held by one process. Keep 1 worker, or use a store of kind mongodb';
  return [error(['cluster', 'workers'], why)];
}

function sourceNames({ realms, userSources }: Config): Problem[] {
  return realms.flatMap(({ users }, index) =>
    users.flatMap((source, place) => {
      const path = ['realms', index, 'users', place];
      if (!userSources.some(({ name }) => name === source))
        return [error(path, noSuchName('user source', source, userSources, 'userSources'))];
      return users.indexOf(source) < place ? [error(path, `"${source}" is there twice`)] : [];
    }),
  );
}

function realmNames({ authServers, realms }: Config): Problem[] {
  return authServers.flatMap((server, index) =>
    (server.realms ?? []).flatMap((realm, place) =>
      realms.some(({ name }) => foldedRealm(name) === foldedRealm(realm))
        ? []
        : [error(['authServers', index, 'realms', place], noSuchName('realm', realm, realms, 'realms'))],
    ),
  );
}

/** Unknown names of auth servers, and keys that two auth servers share. */
function callerNames({ authServers, trustedJwts }: Config): Problem[] {
  const unknown = trustedJwts.flatMap(({ authServer }, index) =>
    authServer === undefined || authServers.some(({ name }) => name === authServer)
      ? []
      : [error(['trustedJwts', index, 'authServer'], noSuchName('auth server', authServer, authServers, 'authServers'))],
  );
  const ids = authServers.flatMap(({ hmacKeys }, index) =>
    hmacKeys.map(({ id }, place) => ({ text: id, path: ['authServers', index, 'hmacKeys', place, 'id'] })),
  );
  const keys = authServers.flatMap(({ apiKeys }, index) =>
    apiKeys.map((key, place) => ({ text: key.reveal(), path: ['authServers', index, 'apiKeys', place] })),
  );
  return [...unknown, ...[ids, keys].flatMap((list) => heldTwice(list))];
}

/** Unknown names of auth servers in web hooks. Without any auth server, the one of this machine is meant. */
function hookServers({ authServers, webHooks }: Config): Problem[] {
  const known = authServers.length === 0 ? [localServer([])] : authServers;
  return webHooks.flatMap(({ authServer }, index) =>
    known.some(({ name }) => name === authServer)
      ? []
      : [error(['webHooks', index, 'authServer'], noSuchName('auth server', authServer, known, 'authServers'))],
  );
}

/**
 * Warns of claims that are not checked. Without them, tokens for other services and tokens that never expire are
 * accepted.
 */
const looseJwts = ({ trustedJwts }: Config): Problem[] =>
  trustedJwts.flatMap((entry, index) => {
    const unnamed = unnamedIn(entry);
    const message = `names no ${unnamed.join(' and no ')}: tokens are taken whatever they say there`;
    return unnamed.length === 0 ? [] : [{ path: ['trustedJwts', index], message, level: 'warning' as const }];
  });

/** The message never shows the text, which may be a key. */
function heldTwice(list: readonly { text: string; path: PropertyKey[] }[]): Problem[] {
  return list.flatMap(({ text, path }, at) =>
    text !== '' && list.findIndex((other) => other.text === text) < at ? [error(path, 'another one is the same; give each its own')] : [],
  );
}
