import type { Config } from '../config/index.ts';
import { version } from '../foundation/model/index.ts';
import type { Log } from '../foundation/telemetry/index.ts';
import { outsideSpan, startTracing } from '../foundation/telemetry/spans.ts';
import { isOperation, type Store } from '../store/store.ts';

/**
 * Starts tracing if the settings say so; returns a function that ends it. Warns if this process has no OpenTelemetry
 * SDK, because the spans go nowhere.
 */
export async function openTraces({ settings }: Pick<Config, 'settings'>, log: Log): Promise<() => void> {
  if (!settings.traces) return () => undefined;
  const { hasSdk, stop } = await startTracing(version);
  if (!hasSdk)
    log.warn({}, 'traces are on, but no OpenTelemetry SDK is registered in this process; start it with --import, see docs/operations.md');
  return stop;
}

const systems: Readonly<Record<Config['store']['kind'], string>> = { embedded: 'sqlite', mongodb: 'mongodb' };

/** A store with a span for each operation, within the span of its request. */
export function tracedStore(store: Store, kind: Config['store']['kind']): Store {
  const system = systems[kind];
  return new Proxy(store, {
    get(target, operation) {
      const work: unknown = Reflect.get(target, operation);
      const name = String(operation);
      if (typeof work !== 'function' || !isOperation(name)) return work;
      const attributes = () => ({ 'db.system.name': system, 'db.operation.name': name });
      return (...args: unknown[]): unknown => outsideSpan(`store ${name}`, attributes, () => Reflect.apply(work, target, args));
    },
  });
}
