import type { Catalog, Config, Environment } from '../config/index.ts';
import type { LoginQueueBounds } from '../engine/limits/index.ts';
import type { HashCost, KeyWorker, KeyWorkerPace } from '../foundation/keyring/index.ts';
import type { Clock } from '../foundation/model/index.ts';
import type { Log, Metrics } from '../foundation/telemetry/index.ts';

/** Parts that cost much time, for whoever has cheaper ones: `startKeyWorker` makes RSA keys, `hashCost` is that of a PIN or password, and `loginQueue` says how many
 * logins are looked at at once. */
export type CostlyParts = { startKeyWorker?: (pace: KeyWorkerPace) => KeyWorker; hashCost?: HashCost; loginQueue?: LoginQueueBounds };

/**
 * What a gateway is started with. Paths in `config` count from `folder`; with `metrics` it counts and shows those instead of its own, and
 * `parts` stand in for its own.
 */
export type GatewayOptions = {
  config: Config;
  catalog: Catalog;
  folder: string;
  /** The files behind the secrets of `config`, which are read anew with it. */
  files?: readonly string[] | undefined;
  environment: Environment;
  clock: Clock;
  log: Log;
  metrics?: Metrics;
  parts?: CostlyParts;
  /** Begin with an empty store, although the keyring has sealed one. */
  newStore?: boolean | undefined;
};
