import { type Config, type LoadedConfig, type Problem, problemText } from '../config/index.ts';
import { exposeProviders, startProviders } from '../delivery/registry/index.ts';
import { GatewayFault, pollOnlyProvider, type Result } from '../foundation/model/index.ts';
import { type Log, type Metrics, thrownFields } from '../foundation/telemetry/index.ts';
import { type Generation, type GenerationOptions, type GenerationSource, openGeneration } from './generation.ts';
import { authServerNames } from './mounts.ts';
import { needsRestart } from './restart.ts';

/** The generation in use, and earlier ones with requests under way. */
export type Generations = {
  current(): Generation;
  /**
   * Builds a generation from a new configuration, passes it to `adopt` and puts it in use; or refuses it and changes
   * nothing. Both are logged and counted. `adopt` directs new requests to it.
   */
  replace(loaded: Loading, adopt: (next: Generation) => void): Promise<'reloaded' | 'refused'>;
  /** Resolves when no background work is under way in any generation. */
  settled(): Promise<void>;
  /** Closes all generations, even if requests are still under way. */
  close(): Promise<void>;
};

/** A new configuration or its problems, once its plug-ins are loaded. */
export type Loading = Result<LoadedConfig, Problem[]> | Promise<Result<LoadedConfig, Problem[]>>;

type Surroundings = Pick<GenerationOptions, 'longLived' | 'accounts'>;

/**
 * Builds the first generation. A provider that cannot be opened starts out of use; in a reload it makes the reload
 * fail.
 */
export async function openGenerations(first: GenerationSource, surroundings: Surroundings): Promise<Generations> {
  const { metrics, clock, log, tell } = surroundings.longLived;
  let current = await openGeneration({ ...first, ...surroundings, mayFail: () => true });
  let replacing: Promise<unknown> = Promise.resolve();
  const retired = new Set<Generation>();
  let isClosed = false;
  metrics.configReloadedAt.set(clock() / 1000);
  exposeProviders(metrics, () => current.parts.registry.status(), clock);
  startSeries(metrics, current);

  const take = async (source: GenerationSource, adopt: (next: Generation) => void): Promise<void> => {
    // A provider that is already out of use does not block the reload.
    const isOut = new Set(current.parts.registry.status().flatMap(({ name, problem }) => (problem === undefined ? [] : [name])));
    const next = await atLevel(log, current.config, source.config, async () => {
      const opened = await openGeneration({ ...source, ...surroundings, mayFail: (name) => isOut.has(name) });
      try {
        startSeries(metrics, opened);
        adopt(opened);
        return opened;
      } catch (error) {
        await opened.close();
        throw error;
      }
    });
    const previous = current;
    current = next;
    retired.add(previous);
    void retire(previous, log).finally(() => retired.delete(previous));
    metrics.configReloadedAt.set(clock() / 1000);
    tell({ kind: 'configuration-reloaded', restart: needsRestart(first.config, source.config) });
  };
  const replace = async (loaded: Result<LoadedConfig, Problem[]>, adopt: (next: Generation) => void): Promise<'reloaded' | 'refused'> => {
    const outcome = loaded.ok ? await take(loaded.value, adopt).then(() => undefined, problemsOf) : loaded.error.map(problemText);
    metrics.configReloads.inc({ outcome: outcome ? 'refused' : 'reloaded' });
    if (outcome) tell({ kind: 'configuration-refused', problems: outcome });
    return outcome ? 'refused' : 'reloaded';
  };
  return {
    current: () => current,
    replace(loaded, adopt) {
      // Reloads run one after the other, so the latest configuration wins.
      const replaced = replacing.then(async () => (isClosed ? 'refused' : replace(await loaded, adopt)));
      replacing = replaced;
      return replaced;
    },
    async settled() {
      await Promise.all([current, ...retired].map(({ parts }) => parts.background.settled()));
    },
    async close() {
      isClosed = true;
      await replacing;
      await Promise.all([current, ...retired].map((generation) => generation.close()));
    },
  };
}

/** Does the work at the log level of the next configuration, because opened parts derive their logs from this one. */
async function atLevel<T>(log: Log, before: Config, next: Config, work: () => Promise<T>): Promise<T> {
  const { level } = log;
  if (before.settings.logLevel !== next.settings.logLevel) log.level = next.settings.logLevel;
  try {
    return await work();
  } catch (error) {
    log.level = level;
    throw error;
  }
}

async function retire(generation: Generation, log: Log): Promise<void> {
  try {
    await generation.retire();
  } catch (error) {
    log.error(thrownFields(error), 'the parts of the old configuration could not be closed');
  }
}

/** Creates the series of everything that a configuration names with the value 0. */
function startSeries(metrics: Metrics, { config, parts }: Generation): void {
  startCallers(metrics, config);
  startPlans(metrics, config, parts.registry.defaultName());
}

/** Creates the series of every auth server with the value 0, including '' for phones. */
function startCallers(
  { challenges, relays, resultsUndelivered, loginsStarted, loginsRefused, loginsFinished, loginsQuiet, challengesDisplaced, load }: Metrics,
  config: Config,
): void {
  for (const auth_server of authServerNames(config))
    for (const each of [
      challenges,
      relays,
      resultsUndelivered,
      loginsStarted,
      loginsRefused,
      loginsFinished,
      loginsQuiet,
      challengesDisplaced,
      load.shed,
    ])
      each.startAtZero({ auth_server });
  load.shed.startAtZero({ auth_server: '' });
}

/** Creates the series of every plan that these rules and providers allow with the value 0. */
function startPlans(metrics: Metrics, { providers, policies }: Config, fallback: string | undefined): void {
  const names = [...providers.map(({ name }) => name), pollOnlyProvider];
  const chosen = policies.flatMap(({ name, actions, edupush }) =>
    [actions.push_provider, edupush.push_provider].flatMap((plan) => (plan ? [{ policy: name, plan }] : [])),
  );
  startProviders(
    metrics,
    names,
    chosen.map(({ plan }) => plan),
  );
  const plans = [
    ...chosen.map(({ policy, plan: [provider = 'none'] }) => ({ policy, provider })),
    ...names.map((provider) => ({ policy: 'enrolment', provider })),
    fallback === undefined ? { policy: 'none', provider: 'none' } : { policy: 'default', provider: fallback },
  ];
  for (const plan of plans) metrics.policyDecisions.startAtZero(plan);
}

/** The problems that made a reload fail. A defect is a problem too, because it must not end a working gateway. */
function problemsOf(error: unknown): string[] {
  if (error instanceof GatewayFault) return error.message.split('\n');
  return [`a defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
}
