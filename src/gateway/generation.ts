import type { Catalog, Config, LoadedConfig } from '../config/index.ts';
import { openRegistry, type Registry } from '../delivery/registry/index.ts';
import { openAdminTokens, openTokens } from '../edge/access/index.ts';
import { callbackTargets, openKeycloaks } from '../edge/dialects/keycloak-ciba/index.ts';
import { openLinotp } from '../edge/phones/linotp/index.ts';
import { openPipush } from '../edge/phones/pipush/index.ts';
import {
  type Engine,
  type EngineParts,
  expiryTarget,
  expiryWatch,
  type OutboxTarget,
  openBackground,
  openEngine,
  openOutbox,
  openPublisher,
  startSweeper,
} from '../engine/index.ts';
import { openWebHooks } from '../engine/outbox/web-hooks/target.ts';
import { type Accounts, openDirectory, openRadiusServers, openRealms } from '../engine/users/index.ts';
import { openPolicy } from '../policy/index.ts';
import type { HeldCredentials } from './ending-credentials.ts';
import type { LongLivedParts } from './long-lived-parts.ts';
import type { MountParts } from './mounts.ts';

/**
 * Everything that is built from one configuration. A reload builds the next generation beside the current one and
 * directs new requests to it; requests under way keep the generation that they began with.
 */
export type Generation = Pick<MountParts, 'config' | 'parts' | 'engine' | 'keycloaks' | 'tokens' | 'adminTokens'> & {
  /** The files whose change requires a reload: those with secrets, and those that providers and user sources name. */
  files: readonly string[];
  /** The expiry dates of its providers' credentials. */
  credentials(): HeldCredentials[];
  /** Counts a request as under way; the returned function ends that, once. */
  begin(): () => void;
  /** Closes providers and user sources when no request uses them any more. */
  retire(): Promise<void>;
  /** Closes them when the background work has ended, even if requests are still under way. */
  close(): Promise<void>;
};

/** A checked configuration, as far as a generation needs it. */
export type GenerationSource = Pick<LoadedConfig, 'config' | 'folder'> & { catalog: Catalog; files?: readonly string[] | undefined };

/** What a generation is built from. `mayFail` names the providers that may be out of use when they cannot be opened. */
export type GenerationOptions = GenerationSource & {
  longLived: LongLivedParts;
  accounts: Pick<Accounts, 'sealOf'>;
  mayFail: (name: string) => boolean;
};

/**
 * Builds a generation. When a provider or user source cannot be opened, closes everything and throws `config-invalid`
 * with all problems.
 */
export async function openGeneration(options: GenerationOptions): Promise<Generation> {
  const { config, catalog, folder, longLived, mayFail } = options;
  const { clock, log, metrics, tell } = longLived;
  const registry = await openRegistry({ providers: config.providers, catalog, folder, log, metrics, clock, tell, mayFail });
  try {
    return generationOf(options, registry);
  } catch (error) {
    await registry.close();
    throw error;
  }
}

function generationOf({ config, folder, files = [], longLived, accounts }: GenerationOptions, registry: Registry): Generation {
  const { clock, log, keyring, metrics, tell } = longLived;
  const sourceFiles: string[] = [];
  const onFile = (file: string): void => void sourceFiles.push(file);
  const { withoutSlot } = longLived.loginQueue;
  const surroundings = { folder, clock, log, metrics, tell, onFile, withoutSlot };
  const directory = openDirectory({ realms: config.realms, sources: config.userSources, ...surroundings });
  const fallbackRealm = config.realms.find((realm) => realm.default)?.name ?? '';
  const keycloaks = openKeycloaks(config.keycloaks, { folder, fallbackRealm, clock, log, onFile });
  const callbacks = callbackTargets(keycloaks, { engine: () => engine, clock, log, tell });
  const { close: closeHooks, ...exchange } = openExchange(config, longLived, callbacks);
  const parts: EngineParts = {
    ...longLived,
    policy: openPolicy(config.policies),
    registry,
    realms: openRealms(config.realms),
    directory,
    radius: openRadiusServers(config.radiusServers, { clock, metrics, withoutSlot }),
    background: openBackground(log),
    ...exchange,
    phones: { pipush: openPipush(), linotp: openLinotp({ scheme: config.settings.mobile_app_protocol_id }) },
    settings: engineSettings(config),
  };
  const engine: Engine = openEngine(parts);
  const tokens = openTokens({ keyring, clock, trusted: config.trustedJwts });
  const adminTokens = openAdminTokens({ tokens, accounts, lifeMs: config.settings.adminTokenLifeMs, store: longLived.store, clock });
  const requests = openRequestCount();
  const sweeper = startSweeper(parts);
  parts.outbox.start();
  const shut = async (): Promise<void> => {
    await sweeper.stop();
    await parts.background.settled();
    await parts.outbox.stop();
    // Messages may have begun more of it.
    await parts.background.settled();
    await Promise.all([registry.close(), directory.close(), closeHooks(), keycloaks.close()]);
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= shut();
    return closing;
  };
  return {
    config,
    parts,
    engine,
    keycloaks,
    tokens,
    adminTokens,
    files: [...files, ...registry.files(), ...sourceFiles],
    credentials: () => registry.status().map(({ name, expires }) => ({ holder: `provider ${name}`, expiries: expires })),
    begin: requests.begin,
    async retire() {
      await sweeper.stop();
      await requests.ended();
      await close();
    },
    close,
  };
}

/** Dialects whose auth servers may read events as they happen. */
const streamed: readonly string[] = ['rest'];

/** The outbox with its targets, and the publisher of events. */
function openExchange(
  { webHooks, listeners }: Config,
  longLived: LongLivedParts,
  callbacks: Readonly<Record<string, OutboxTarget>>,
): Pick<EngineParts, 'outbox' | 'publisher'> & { close(): Promise<void> } {
  const hooks = openWebHooks(webHooks, longLived.clock);
  const expiry = expiryWatch(longLived, (events) => publisher.publish(events));
  const outbox = openOutbox(longLived, { [expiryTarget]: expiry, ...callbacks, ...hooks.targets });
  const isStreamed = listeners.some(({ mounts }) => mounts.some(({ serves }) => streamed.includes(serves)));
  const publisher = openPublisher({ ...longLived, outbox, hooks: webHooks, isStreamed });
  return { outbox, publisher, close: hooks.close };
}

const engineSettings = ({ settings }: Config): EngineParts['settings'] => ({
  challengeValidityMs: settings.PushChallengeValidityTime * 1000,
  validityMsByType: { edupush: settings.EdupushChallengeValidityTime * 1000 },
  maxFailCount: settings.DefaultMaxFailCount,
  lockout: settings.lockout,
  countWrongPins: settings.IncFailCountOnFalsePin,
  clearFailuresMs: settings.failcounter_clear_timeout * 60_000,
  deliveryDeadlineMs: settings.deliveryDeadlineMs,
  rolloutRepeatMs: settings.rolloutRepeatMs,
  auditKeep: { days: settings.auditKeepDays, byKind: settings.auditKeepDaysByKind },
});

/** Counts requests under way; `ended` resolves when there are none. */
function openRequestCount() {
  let count = 0;
  let waiting: (() => void)[] = [];
  const end = (): void => {
    count -= 1;
    if (count > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  return {
    begin(): () => void {
      count += 1;
      let isOver = false;
      return () => {
        if (!isOver) end();
        isOver = true;
      };
    },
    ended: (): Promise<void> =>
      new Promise((resolve) => {
        if (count === 0) resolve();
        else waiting.push(resolve);
      }),
  };
}
