import type { Catalog, Config, Environment, LoadedConfig, Problem } from '../config/index.ts';
import type { HashCost, KeyWorker } from '../foundation/keyring/index.ts';
import type { Clock, Result } from '../foundation/model/index.ts';
import type { Log, Metrics } from '../foundation/telemetry/index.ts';

/** A gateway as the commands see it; `gateway.ts`, a floor above, hands in how one is started. */
export type RunningGateway = {
  urls: string[];
  firstPassword: string | undefined;
  settled(): Promise<void>;
  reload(loaded: Result<LoadedConfig, Problem[]> | Promise<Result<LoadedConfig, Problem[]>>): Promise<'reloaded' | 'refused'>;
  close(): Promise<void>;
};

/** Parts that cost much time, for whoever has cheaper ones: `startKeyWorker` makes RSA keys, `hashCost` is that of a PIN or password. */
export type CostlyParts = { startKeyWorker?: () => KeyWorker; hashCost?: HashCost };

/**
 * What a gateway is started with. Paths in `config` count from `folder`; with `metrics` it counts and shows those instead of its own, and
 * `parts` stand in for its own.
 */
export type GatewayOptions = {
  config: Config;
  catalog: Catalog;
  folder: string;
  environment: Environment;
  clock: Clock;
  log: Log;
  metrics?: Metrics;
  parts?: CostlyParts;
};

/** Starts a gateway in this process. */
export type StartGateway = (options: GatewayOptions) => Promise<RunningGateway>;
