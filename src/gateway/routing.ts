import { type Catalog, type Config, type LoadedConfig, type Problem, problemText } from '../config/index.ts';
import { exposeProviders, openRegistry, type Registry, startProviders } from '../delivery/registry/index.ts';
import { type Clock, GatewayFault, pollOnlyProvider, type Result, type Tell } from '../foundation/model/index.ts';
import { Secret } from '../foundation/settings/index.ts';
import type { Log, Metrics } from '../foundation/telemetry/index.ts';
import { openPolicy, type Policy } from '../policy/index.ts';

/**
 * Policies and providers of the configuration in use. A reload replaces both at once; who has taken them before goes on with what it took,
 * and the old providers are closed when their last delivery has ended.
 */
export type Routing = {
  policy(): Policy;
  registry(): Registry;
  /** The files with secrets and certificates that the configuration in use names, and its providers read. */
  files(): readonly string[];
  /** Takes over what a new configuration says of both, or refuses and changes nothing; either way the log and the metrics tell. */
  replace(loaded: Loading): Promise<'reloaded' | 'refused'>;
  /** Closes the providers, the old ones too. */
  close(): Promise<void>;
};

/** A new configuration, or what is wrong with it, once its plug-ins are loaded. */
export type Loading = Result<LoadedConfig, Problem[]> | Promise<Result<LoadedConfig, Problem[]>>;

type RoutingOptions = {
  config: Config;
  catalog: Catalog;
  folder: string;
  files?: readonly string[] | undefined;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  tell: Tell;
};
type Current = { config: Config; policy: Policy; registry: Registry; files: readonly string[] };

/** Opens policies and providers. A provider that cannot be opened starts out of use; a reload with one is refused. */
export async function openRouting(options: RoutingOptions): Promise<Routing> {
  const { metrics, clock, tell } = options;
  let current = await open(options, () => true);
  let replacing: Promise<unknown> = Promise.resolve();
  const retired = new Set<Promise<void>>();
  metrics.configReloadedAt.set(clock() / 1000);
  exposeProviders(metrics, () => current.registry.status(), clock);

  const take = async ({ config, catalog, folder, files }: LoadedConfig): Promise<void> => {
    // One that is out of use already does not keep the others from what is new.
    const isOut = new Set(current.registry.status().flatMap(({ name, problem }) => (problem === undefined ? [] : [name])));
    const next = await open({ ...options, config, catalog, folder, files }, (name) => isOut.has(name));
    const previous = current;
    current = next;
    const closing = previous.registry.close().finally(() => retired.delete(closing));
    retired.add(closing);
    metrics.configReloadedAt.set(clock() / 1000);
    tell({ kind: 'configuration-reloaded', restart: needsRestart(previous.config, config) });
  };
  const replace = async (loaded: Result<LoadedConfig, Problem[]>): Promise<'reloaded' | 'refused'> => {
    const outcome = loaded.ok ? await take(loaded.value).then(() => undefined, problemsOf) : loaded.error.map(problemText);
    metrics.configReloads.inc({ outcome: outcome ? 'refused' : 'reloaded' });
    if (outcome) tell({ kind: 'configuration-refused', problems: outcome });
    return outcome ? 'refused' : 'reloaded';
  };
  return {
    policy: () => current.policy,
    registry: () => current.registry,
    files: () => current.files,
    replace(loaded) {
      // One after the other: of two in a row the later one counts.
      const replaced = replacing.then(async () => replace(await loaded));
      replacing = replaced;
      return replaced;
    },
    async close() {
      await replacing;
      await Promise.all([...retired, current.registry.close()]);
    },
  };
}

async function open(
  { config, catalog, folder, files = [], clock, log, metrics, tell }: RoutingOptions,
  mayFail: (name: string) => boolean,
): Promise<Current> {
  const registry = await openRegistry({ providers: config.providers, catalog, folder, log, metrics, clock, tell, mayFail });
  startRoutes(metrics, config, registry.defaultName());
  return { config, policy: openPolicy(config.policies), registry, files: [...files, ...registry.files()] };
}

/** Shows the series of every plan that can come of these rules and providers before the first is made. */
function startRoutes(metrics: Metrics, { providers, policies }: Config, fallback: string | undefined): void {
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

/** What a reload failed for. A defect must not end a gateway that works, so it is refused like any other. */
function problemsOf(error: unknown): string[] {
  if (error instanceof GatewayFault) return error.message.split('\n');
  return [`a defect of a provider: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
}

const reloadable: readonly (keyof Config)[] = ['$schema', 'plugins', 'providers', 'policies'];

/** The parts that differ and that only a start reads. */
const needsRestart = (before: Config, after: Config): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => !reloadable.some((each) => each === key) && textOf(part(before, key)) !== textOf(part(after, key)),
  );

const part = (config: Config, key: string): unknown => Object.entries(config).find(([name]) => name === key)?.[1];

/** Something to compare, and never to show: it holds what the secrets are. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, function reveal(this: Record<string, unknown>, key, shown: unknown) {
    const held = this[key];
    return held instanceof Secret ? held.reveal() : shown;
  });
