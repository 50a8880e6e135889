import type { Config } from '../config/index.ts';
import { openAdminTokens, openTokens } from '../edge/access/index.ts';
import { openLinotp } from '../edge/phones/linotp/index.ts';
import { openPipush } from '../edge/phones/pipush/index.ts';
import {
  type Engine,
  type EngineParts,
  openBackground,
  openEngine,
  openServerKeys,
  openSharedKeys,
  openTurns,
  startSweeper,
} from '../engine/index.ts';
import { openGuessLimits, openSourceLimits } from '../engine/limits/index.ts';
import { type Directory, openAccounts, openDirectory, openRadiusServers, openRealms } from '../engine/users/index.ts';
import { createPasswords, type Keyring, openKeyStock } from '../foundation/keyring/index.ts';
import { type Tell, version } from '../foundation/model/index.ts';
import { type Log, type Metrics, openMetrics } from '../foundation/telemetry/index.ts';
import type { Store, StoreOperation } from '../store/store.ts';
import { openTell, watchStore } from './events.ts';
import { openHealth } from './health.ts';
import { keyringOf, makeKeyringForDatabase, makeKeyringForFile, takeStore } from './keyring.ts';
import { openListeners } from './listeners.ts';
import { authServerNames, type MountParts, mountsOf } from './mounts.ts';
import { openStore } from './open-store.ts';
import type { GatewayOptions } from './options.ts';
import { type Loading, openRouting, type Routing } from './routing.ts';

/** A gateway that runs. */
export type Gateway = {
  /** One URL per listener, with the port it really has. */
  urls: string[];
  /** The password of the administrator `admin`, if this start made that account; told this once. */
  firstPassword: string | undefined;
  /** Resolves when nothing is under way behind the replies. */
  settled(): Promise<void>;
  /** Takes over the policies and providers of a new configuration, or refuses it and changes nothing. */
  reload(loaded: Loading): Promise<'reloaded' | 'refused'>;
  /** The files whose change calls for `reload`: those with secrets and certificates that are in use. */
  files(): readonly string[];
  /** Stops listening, lets requests under way finish within the limit of the settings, carries out what is left, closes the store. */
  close(): Promise<void>;
};

/** Puts the parts together and listens. Throws `config-invalid` with one sentence when the surroundings do not allow it. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, log, metrics = openMetrics(version) } = options;
  const tell = openTell(log, metrics);
  makeKeyringForFile(options);
  const opened: (() => unknown)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.reverse()) await close();
  };
  try {
    let isMigrated = false;
    const store = await openCountedStore({ ...options, metrics, tell }, () => {
      isMigrated = true;
    });
    opened.push(() => store.close());
    await makeKeyringForDatabase(options, store);
    const keyring = keyringOf(options, options.environment);
    const routing = await openRouting({ ...options, metrics, tell });
    opened.push(() => routing.close());
    const directory = openDirectory({ ...options, realms: config.realms, sources: config.userSources });
    opened.push(() => directory.close());
    const parts = openParts({ ...options, keyring, store, metrics, tell, routing, directory });
    opened.push(
      () => parts.keyStock.close(),
      () => parts.background.settled(),
    );
    await takeStore(parts);
    startCallers(metrics, config);
    const sweeper = startSweeper(parts);
    opened.push(() => sweeper.stop());
    const draining = { now: false };
    const engine = openEngine(parts);
    if (isMigrated) await tellNamesakes(engine, options.log);
    const accounts = openAccounts(parts);
    const mountsOfListener = mountsFor({ config, parts, engine, accounts, draining });
    const listeners = await openListeners({ ...options, metrics, tell, draining, mountsOf: mountsOfListener });
    opened.push(() => {
      draining.now = true;
      return listeners.close();
    });
    // Made last: the password of a start that failed would have been seen by nobody.
    const firstPassword = (await accounts.list()).length === 0 ? await accounts.addFirst('admin') : undefined;
    tell({ kind: 'gateway-started', version, listeners: listeners.urls });
    opened.unshift(() => tell({ kind: 'gateway-stopped', version }));
    return {
      urls: listeners.urls,
      firstPassword,
      settled: () => parts.background.settled(),
      files: routing.files,
      reload(loaded) {
        listeners.renew();
        return routing.replace(loaded);
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Ties the mounts of a listener to one set of tokens and one health for all. */
function mountsFor({
  config,
  parts,
  engine,
  accounts,
  draining,
}: Pick<MountParts, 'config' | 'parts' | 'engine' | 'accounts' | 'draining'>) {
  const tokens = openTokens({ keyring: parts.keyring, clock: parts.clock, trusted: config.trustedJwts });
  const adminTokens = openAdminTokens({ tokens, accounts, lifeMs: config.settings.adminTokenLifeMs });
  const health = openHealth(parts);
  return (listener: MountParts['listener']) =>
    mountsOf({ config, listener, parts, engine, tokens, accounts, adminTokens, health, draining });
}

/** Says once, when the store of an older version was brought up to date, whom the operator may want to merge or to split. */
async function tellNamesakes(engine: Engine, log: Log): Promise<void> {
  const because = { apart: 'were one user and are several', together: 'were several users and are one' } as const;
  for (const { now, ...who } of await engine.tokens.listNamesakes())
    log.warn(who, `names that differ in case or width alone ${because[now]}; see npx pushgate people --help`);
}

async function openCountedStore(options: GatewayOptions & { metrics: Metrics; tell: Tell }, onMigrated: () => void): Promise<Store> {
  const { storeSeconds } = options.metrics;
  const watch = watchStore(options.tell);
  const onOperation = (op: StoreOperation, outcome: 'ok' | 'fault', seconds: number): void => {
    storeSeconds.observe({ op, outcome }, seconds);
    watch(op, outcome, seconds);
  };
  const store = await openStore(options, { log: options.log, onOperation, onMigrated });
  for (const op of Object.keys(store).filter(isOperation)) storeSeconds.startAtZero({ op });
  return store;
}

/** All that a store can do is an operation of that name, but for these two. */
const isOperation = (name: string): boolean => name !== 'onDecided' && name !== 'close';

/** Shows the series of every auth server before it asks for anything. Phones that wait are none yet. */
function startCallers({ challenges, relays, waiters, loginsStarted, loginsRefused, loginsFinished }: Metrics, config: Config): void {
  for (const auth_server of authServerNames(config))
    for (const each of [challenges, relays, loginsStarted, loginsRefused, loginsFinished]) each.startAtZero({ auth_server });
  waiters.set({ kind: 'push_wait' }, 0);
}

/** What the engine's parts are made of. */
export type Foundations = GatewayOptions & {
  keyring: Keyring;
  store: Store;
  metrics: Metrics;
  tell: Tell;
  routing: Routing;
  directory: Directory;
};

/** Puts together what the engine works with; `close` of what was opened is the caller's. */
export function openParts({ config, clock, log, keyring, store, metrics, tell, routing, directory, parts = {} }: Foundations): EngineParts {
  const { settings } = config;
  return {
    store,
    keyring,
    clock,
    log,
    metrics,
    tell,
    // Read anew at every use: a reload replaces them.
    get policy() {
      return routing.policy();
    },
    get registry() {
      return routing.registry();
    },
    keyStock: openKeyStock({
      shelf: store,
      keyring,
      bits: settings.serverKeyBits,
      target: settings.serverKeyStock,
      log,
      onEmpty: () => metrics.keyStockEmpty.inc({}),
      startWorker: parts.startKeyWorker,
    }),
    passwords: createPasswords(keyring, parts.hashCost),
    serverKeys: openServerKeys(keyring),
    sharedKeys: openSharedKeys(store, keyring),
    limits: openSourceLimits({
      store,
      clock,
      metrics,
      tell,
      settings: { failures: settings.sourceFailures, windowMs: settings.sourceWindowMs },
    }),
    realms: openRealms(config.realms),
    directory,
    radius: openRadiusServers(config.radiusServers, clock),
    background: openBackground(log),
    guesses: openGuessLimits({ store, clock, lockout: settings.lockout, turns: openTurns() }),
    turns: openTurns(),
    phones: { pipush: openPipush(), linotp: openLinotp({ scheme: settings.mobile_app_protocol_id }) },
    settings: {
      challengeValidityMs: settings.PushChallengeValidityTime * 1000,
      validityMsByType: { edupush: settings.EdupushChallengeValidityTime * 1000 },
      maxFailCount: settings.DefaultMaxFailCount,
      countWrongPins: settings.IncFailCountOnFalsePin,
      clearFailuresMs: settings.failcounter_clear_timeout * 60_000,
      deliveryDeadlineMs: settings.deliveryDeadlineMs,
      rolloutRepeatMs: settings.rolloutRepeatMs,
    },
  };
}
