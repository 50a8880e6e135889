import type { Config } from '../config/index.ts';
import type { Audit } from '../engine/audit/index.ts';
import { type EngineParts, openKeyMutex, openServerKeys, openSharedKeys, type Resealing } from '../engine/index.ts';
import { openGuessLimits, openLoginQueue, openPinFailures, openSourceLimits } from '../engine/limits/index.ts';
import { type Keyring, openKeyStock, type Passwords } from '../foundation/keyring/index.ts';
import type { Clock, Tell } from '../foundation/model/index.ts';
import { type Log, type Metrics, thrownFields } from '../foundation/telemetry/index.ts';
import type { Store } from '../store/store.ts';
import type { CostlyParts } from './options.ts';

/**
 * The parts that stay open for the life of a gateway, across reloads: the store, the audit, the keys, and the counts of
 * callers and guesses.
 */
export type LongLivedParts = Pick<
  EngineParts,
  | 'store'
  | 'audit'
  | 'keyring'
  | 'clock'
  | 'log'
  | 'metrics'
  | 'tell'
  | 'keyStock'
  | 'passwords'
  | 'serverKeys'
  | 'sharedKeys'
  | 'limits'
  | 'loginQueue'
  | 'guesses'
  | 'pinFailures'
  | 'mutex'
>;

/** What they are made of. */
export type LongLivedOptions = {
  /** The configuration of the start. */
  config: Config;
  /** The current configuration. */
  configNow: () => Config;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  tell: Tell;
  store: Store;
  audit: Audit;
  keyring: Keyring;
  passwords: Passwords;
  parts?: CostlyParts | undefined;
};

/** Opens these parts. The caller closes the stock of keys, the audit and the store. */
export function openLongLivedParts({ config, configNow, parts = {}, ...given }: LongLivedOptions): LongLivedParts {
  const { clock, log, metrics, tell, store, audit, keyring, passwords } = given;
  const mutex = openKeyMutex();
  return {
    store,
    audit,
    keyring,
    clock,
    log,
    metrics,
    tell,
    keyStock: openKeyStock({
      shelf: store,
      keyring,
      bits: config.settings.serverKeyBits,
      target: () => (bindsPhones(configNow()) ? config.settings.serverKeyStock : 0),
      log,
      onEmpty: () => metrics.keyStockEmpty.inc({}),
      onCounted: (keys) => metrics.keyStockKeys.set(keys),
      startWorker: parts.startKeyWorker,
    }),
    passwords,
    serverKeys: openServerKeys(keyring, resealing({ store, log })),
    sharedKeys: openSharedKeys(store, keyring),
    limits: openSourceLimits({ store, clock, metrics, tell, settings: limitsOf(configNow) }),
    loginQueue: openLoginQueue({ metrics, tell, bounds: parts.loginQueue }),
    guesses: openGuessLimits({ store, clock }),
    pinFailures: openPinFailures({ store, clock }),
    mutex,
  };
}

/**
 * Whether any mount enrols push tokens with a server key of their own. LinOTP tokens share one, and relayed tokens
 * belong to another server.
 */
const bindsPhones = ({ listeners }: Config): boolean =>
  listeners.some(({ mounts }) => mounts.some(({ serves, phones }) => serves === 'privacyidea' && phones !== 'none'));

/** Seals a server key again when it is used and an older key of the keyring had sealed it. */
const resealing = ({ store, log }: Pick<LongLivedOptions, 'store' | 'log'>): Resealing => ({
  reseal(token, sealed) {
    store.reseal({ kind: 'token', token }, sealed).catch((error: unknown) => {
      log.error(thrownFields(error), 'a server key could not be sealed again; its next use tries again');
    });
  },
});

/** Reads the settings at every failure, so that a reload changes the limits without resetting any count. */
const limitsOf = (configNow: LongLivedOptions['configNow']) => ({
  get failures() {
    return configNow().settings.sourceFailures;
  },
  get windowMs() {
    return configNow().settings.sourceWindowMs;
  },
});
