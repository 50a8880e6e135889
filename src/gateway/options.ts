import type { Catalog, Config, Environment } from '../config/index.ts';
import type { LoginQueueBounds } from '../engine/limits/index.ts';
import type { HashCost, KeyWorker, KeyWorkerPace } from '../foundation/keyring/index.ts';
import type { Clock } from '../foundation/model/index.ts';
import type { Log, Metrics } from '../foundation/telemetry/index.ts';

/** Replacements for expensive parts. */
export type CostlyParts = {
  /** Makes RSA keys. */
  startKeyWorker?: (pace: KeyWorkerPace) => KeyWorker;
  /** The cost of a PIN or password hash. */
  hashCost?: HashCost;
  /** Bounds of concurrent logins. */
  loginQueue?: LoginQueueBounds;
};

/** What a gateway is started with. */
export type GatewayOptions = {
  config: Config;
  catalog: Catalog;
  /** Relative paths in `config` start here. */
  folder: string;
  /** The files with the secrets of `config`; a change requires a reload. */
  files?: readonly string[] | undefined;
  environment: Environment;
  clock: Clock;
  log: Log;
  /** In place of its own. */
  metrics?: Metrics;
  parts?: CostlyParts;
  /** Start with an empty store although the keyring has sealed one. */
  newStore?: boolean | undefined;
};
