import type { Config } from '../config/index.ts';
import {
  type AdminTokens,
  authServerAt,
  isOwnNetwork,
  localServer,
  openAuthServers,
  openClaims,
  openCredentials,
  type Tokens,
} from '../edge/access/index.ts';
import { challengeServiceFallback, challengeServiceRoutes } from '../edge/dialects/challenge-service/index.ts';
import { type Keycloaks, keycloakFallback, keycloakRoutes } from '../edge/dialects/keycloak-ciba/index.ts';
import { linotpRoutes } from '../edge/dialects/linotp/index.ts';
import { operatorFallback, operatorRoutes } from '../edge/dialects/operator/index.ts';
import { type PrivacyideaParts, privacyideaRoutes, secondDecodingAt } from '../edge/dialects/privacyidea/index.ts';
import { restFallback, restRoutes } from '../edge/dialects/rest/index.ts';
import { type LinotpProduct, linotpFallback } from '../edge/formats/linotp/index.ts';
import { openReplySigner, type PiFlavour, type PiProduct, piFallback } from '../edge/formats/privacyidea/index.ts';
import {
  addressReaders,
  type CallerParts,
  clientReader,
  type Mount,
  opsRoutes,
  type Route,
  routeReader,
  type StreamPlaces,
  secureReader,
} from '../edge/http/index.ts';
import { linotpPhoneRoutes, openLinotp } from '../edge/phones/linotp/index.ts';
import { openPipush, pipushRoutes } from '../edge/phones/pipush/index.ts';
import { checkAdministrator, type Engine, type EngineParts } from '../engine/index.ts';
import type { Accounts } from '../engine/users/index.ts';
import { lookAtPage } from '../store/sealed.ts';
import type { Health } from './health.ts';

/** The servers whose replies pushgate gives. */
const products = {
  privacyidea: { name: 'privacyIDEA', version: '3.14', flavour: 'privacyidea' },
  edumfa: { name: 'eduMFA', version: '2.9.5', flavour: 'edumfa' },
} as const satisfies Record<PiFlavour, Omit<PiProduct, 'clock'>>;

type MountConfig = Config['listeners'][number]['mounts'][number];

const productOf = ({ flavour }: MountConfig, { clock }: EngineParts): PiProduct => ({ ...products[flavour], clock });

/** What the mounts of one listener are made of. */
export type MountParts = {
  config: Config;
  listener: Config['listeners'][number];
  parts: EngineParts;
  engine: Engine;
  keycloaks: Keycloaks;
  tokens: Tokens;
  accounts: Accounts;
  adminTokens: AdminTokens;
  /** Shared by all listeners. */
  health: Health;
  draining: { now: boolean };
  /** The event streams of the process. */
  streams: StreamPlaces;
};

/** Connects every mount of a listener to its handlers. */
export function mountsOf(mountParts: MountParts): Mount[] {
  return mountParts.listener.mounts.map((mount): Mount => {
    switch (mount.serves) {
      case 'privacyidea':
        return {
          path: mount.path,
          dialect: 'privacyidea',
          routes: privacyideaMount(mountParts, mount),
          fallback: piFallback(productOf(mount, mountParts.parts)),
          ...signed(mountParts.config),
          encoding: mount.encoding,
        };
      case 'linotp':
        return {
          path: mount.path,
          dialect: 'linotp',
          routes: linotpMount(mountParts, mount),
          fallback: linotpFallback(linotp(mountParts)),
          encoding: mount.encoding,
        };
      case 'challenge-service':
        return {
          path: mount.path,
          dialect: 'challenge-service',
          routes: challengeServiceMount(mountParts, mount.path),
          fallback: challengeServiceFallback(mount.whenDown ?? '503'),
        };
      case 'rest':
        return {
          path: mount.path,
          dialect: 'rest',
          routes: restMount(mountParts, mount),
          fallback: restFallback,
        };
      case 'keycloak-ciba':
        return {
          path: mount.path,
          dialect: 'keycloak-ciba',
          routes: keycloakMount(mountParts, mount.path),
          fallback: keycloakFallback,
        };
      case 'ops':
        return {
          path: mount.path,
          dialect: 'ops',
          routes: opsMount(mountParts),
          fallback: operatorFallback,
        };
      default:
        return mount.serves satisfies never;
    }
  });
}

/** The LinOTP version in the replies. */
const linotp = ({ config }: MountParts): LinotpProduct => ({ version: config.settings.linotpVersion });

function linotpMount(mountParts: MountParts, mount: MountConfig) {
  const { config, engine } = mountParts;
  const product = linotp(mountParts);
  const phone = openLinotp({ scheme: config.settings.mobile_app_protocol_id });
  const callers = callersOf(mountParts);
  const { PushChallengeValidityTime, mobile_app_protocol_id, linotpOfferLifeMs: offerLifeMs } = config.settings;
  const settings = { PushChallengeValidityTime: String(PushChallengeValidityTime), mobile_app_protocol_id };
  return split(mount, {
    callers: linotpRoutes({
      ...callers,
      product,
      mount,
      settings,
      offerLifeMs,
      isSecure: secureReader(mountParts.listener),
    }),
    phones: linotpPhoneRoutes({ engine, linotp: phone, clientAddress: callers.clientAddress, product }),
  });
}

/** Signs the replies of a mount if the settings have a key for it. */
function signed({ settings: { responseSigningKey: key } }: Config): Pick<Mount, 'finish'> {
  return key ? { finish: openReplySigner(key) } : {};
}

function opsMount(mountParts: MountParts) {
  const { listener, parts, engine, accounts, adminTokens, health, draining } = mountParts;
  const { clientAddress, checkLogin } = callersOf(mountParts);
  // Beside other mounts, phones and strangers can reach the probes too.
  const isOwn = listener.mounts.every(({ serves }) => serves === 'ops');
  return [
    ...opsRoutes({ metrics: parts.metrics, ...health, providers: () => parts.registry.status(), draining, isOwn }),
    ...operatorRoutes({
      engine,
      accounts,
      adminTokens,
      checkLogin,
      clientAddress,
      health,
      tell: parts.tell,
      lookAtSealed: (ask) => lookAtPage(parts, ask),
    }),
  ];
}

function privacyideaMount(mountParts: MountParts, mount: MountConfig) {
  const { config, parts, engine } = mountParts;
  const product = productOf(mount, parts);
  const callers = callersOf(mountParts);
  const graceMs = graceSeconds(config, mount) * 1000;
  return split(mount, {
    callers: privacyideaRoutes({ ...callers, product: { ...product, ...readingOf(config, callers, mount.path) }, mount, graceMs }),
    phones: pipushRoutes({ engine, pipush: openPipush(), clientAddress: callers.clientAddress, product, mount }),
  });
}

function restMount(mountParts: MountParts, mount: MountConfig): Route[] {
  const { config, streams } = mountParts;
  const { path, publicUrl } = mount;
  return restRoutes({ ...callersOf(mountParts), path, publicUrl, streams, graceMs: graceSeconds(config, mount) * 1000 });
}

/**
 * The caller may change how a request is read, so it is looked up first if any auth server says so. Phones have no auth
 * server; their User-Agent decides.
 */
const readingOf = ({ authServers }: Config, callers: CallerParts, mount: string): Pick<PiProduct, 'secondDecoding'> =>
  authServers.some(({ secondDecoding }) => secondDecoding !== 'by-user-agent') ? { secondDecoding: secondDecodingAt(callers, mount) } : {};

/** The routes of a mount, which may be limited to phones or to auth servers. */
const split = ({ phones: which }: MountConfig, { callers, phones }: { callers: Route[]; phones: Route[] }): Route[] => [
  ...(which === 'only' ? [] : callers),
  ...(which === 'none' ? [] : phones),
];

/** The engine and the access checks, shared by every dialect of auth servers. */
function callersOf({
  config,
  listener,
  parts,
  engine,
  tokens,
  accounts,
  adminTokens,
  health,
}: MountParts): CallerParts & Pick<PrivacyideaParts, 'userAddress'> {
  const servers = serversOf(config, listener);
  const sightings = health.sightings(listener.address);
  const routeOf = routeReader(listener, sightings.unreadable);
  const addresses = addressReaders(routeOf);
  return {
    ...addresses,
    engine,
    callerOf: openAuthServers(servers),
    credentials: openCredentials({ ...parts, servers, tokens }),
    claims: openClaims({ servers, tokens }),
    adminTokens,
    checkLogin: (ctx, name, password) => {
      const isApart = isOwnNetwork(servers, name, addresses.networkAddress(ctx));
      return checkAdministrator({ ...parts, accounts }, { name, password, source: addresses.clientAddress(ctx), isApart });
    },
    sightings,
    log: parts.log,
    tell: parts.tell,
    userAddress: clientReader(routeOf, config.settings.OverrideAuthorizationClient),
  };
}

/** eduMFA has no grace period: a late second leg finds nothing. */
function graceSeconds({ settings }: Config, { flavour, finalizeGraceSeconds }: MountConfig): number {
  return finalizeGraceSeconds ?? (flavour === 'edumfa' ? 0 : settings.PushChallengeFinalizeGrace);
}

/** The auth servers that may call; without a list, any caller on this machine. */
const serversOf = ({ authServers }: Config, { name, mounts }: MountParts['listener']) =>
  authServers.length > 0 ? authServers.map((server) => authServerAt(server, name)) : [localServer(mounts.map(({ path }) => path))];

/** The names of all auth servers. */
export const authServerNames = ({ authServers, keycloaks }: Config): string[] => [
  ...(authServers.length > 0 ? authServers.map(({ name }) => name) : [localServer([]).name]),
  ...keycloaks.map(({ name }) => name),
];

function keycloakMount(mountParts: MountParts, path: string): Route[] {
  const { parts, engine, keycloaks, listener, health } = mountParts;
  const { clientAddress } = addressReaders(routeReader(listener, health.sightings(listener.address).unreadable));
  const background = (what: string, work: () => Promise<unknown>): void => void parts.background.run(what, work);
  return keycloakRoutes({ ...parts, path, engine, keycloaks: keycloaks.list, clientAddress, background });
}

const challengeServiceMount = (mountParts: MountParts, path: string): Route[] => challengeServiceRoutes({ ...callersOf(mountParts), path });
