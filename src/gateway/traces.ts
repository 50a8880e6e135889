import type { Config } from '../config/index.ts';
import { version } from '../foundation/model/index.ts';
import type { Log } from '../foundation/telemetry/index.ts';
import { outsideSpan, startTracing } from '../foundation/telemetry/spans.ts';
import type { Store } from '../store/store.ts';

/** Begins to trace where the settings say so; returns what ends it. Without an SDK in this process it warns: the spans lead nowhere. */
export async function openTraces({ settings }: Pick<Config, 'settings'>, log: Log): Promise<() => void> {
  if (!settings.traces) return () => undefined;
  const { hasSdk, stop } = await startTracing(version);
  if (!hasSdk)
    log.warn(
      {},
      'traces are on, and no SDK of OpenTelemetry is registered in this process: start it with --import, see docs/operations.md',
    );
  return stop;
}

const systems: Readonly<Record<Config['store']['kind'], string>> = { embedded: 'sqlite', mongodb: 'mongodb' };

/** What is no operation, or goes on long after it was called. */
const untraced: readonly PropertyKey[] = ['onDecided', 'close'];

/** A store each of whose operations is a span of the request that it belongs to. */
export function tracedStore(store: Store, kind: Config['store']['kind']): Store {
  const system = systems[kind];
  return new Proxy(store, {
    get(target, operation) {
      const work: unknown = Reflect.get(target, operation);
      if (typeof work !== 'function' || untraced.includes(operation)) return work;
      const name = String(operation);
      const attributes = () => ({ 'db.system.name': system, 'db.operation.name': name });
      return (...args: unknown[]): unknown => outsideSpan(`store ${name}`, attributes, () => Reflect.apply(work, target, args));
    },
  });
}
