import type { Catalog, Config, Environment } from '../config/index.ts';
import type { LoginQueueBounds } from '../engine/limits/index.ts';
import type { HashCost, KeyWorker, KeyWorkerPace } from '../foundation/keyring/index.ts';
import type { Clock } from '../foundation/model/index.ts';
import type { Log, Metrics } from '../foundation/telemetry/index.ts';

/**
 * Replacements for expensive parts: `startKeyWorker` makes RSA keys, `hashCost` is the cost of a PIN or password hash,
 * and `loginQueue` bounds concurrent logins.
 */
export type CostlyParts = { startKeyWorker?: (pace: KeyWorkerPace) => KeyWorker; hashCost?: HashCost; loginQueue?: LoginQueueBounds };

/** What a gateway is started with. Paths in `config` start at `folder`. `metrics` and `parts` replace its own. */
export type GatewayOptions = {
  config: Config;
  catalog: Catalog;
  folder: string;
  /** The files with the secrets of `config`; a change requires a reload. */
  files?: readonly string[] | undefined;
  environment: Environment;
  clock: Clock;
  log: Log;
  metrics?: Metrics;
  parts?: CostlyParts;
  /** Start with an empty store although the keyring has sealed one. */
  newStore?: boolean | undefined;
};
