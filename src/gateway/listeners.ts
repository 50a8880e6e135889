import { resolve } from 'node:path';
import type { Config } from '../config/index.ts';
import {
  type ConnectionGate,
  firstToEnd,
  type Listener,
  type ListenerSecrets,
  type ListenerTls,
  openListener,
  readListenerTls,
  type Service,
} from '../edge/http/index.ts';
import { type Clock, GatewayFault, type Tell } from '../foundation/model/index.ts';
import { endedChainText, endedInChain } from '../foundation/settings/index.ts';
import type { Log, Metrics } from '../foundation/telemetry/index.ts';
import type { HeldCredentials } from './ending-credentials.ts';
import { openFileWatch } from './file-watch.ts';

/** The listeners of a configuration. */
export type Listeners = {
  /** One URL per listener, with its actual port. */
  urls: string[];
  /** Reads the TLS files again for new connections. The old files stay in use when a new one is invalid. */
  renew(): void;
  /** Serves new requests by another configuration. A listener that it does not contain keeps its mounts. */
  serve(config: Config, serviceOf: ServiceOf): void;
  /** The expiry dates of the listeners' certificates. */
  credentials(): HeldCredentials[];
  /** Takes no more requests, and gives those under way this time (ms) to finish. */
  close(limitMs: number): Promise<void>;
};

/** The service of one listener of a configuration. */
export type ServiceOf = (listener: Config['listeners'][number]) => Service;

/** What listeners are opened with. */
export type ListenersOptions = {
  config: Config;
  /** Relative paths start here. */
  folder: string;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  draining: { now: boolean };
  tell?: Tell | undefined;
  /** Shared by all listeners. */
  gate?: ConnectionGate | undefined;
  serviceOf: ServiceOf;
};

type Open = Listener & {
  entry: Config['listeners'][number];
  address: string;
  tls: ListenerTls | undefined;
  secrets: ListenerSecrets | undefined;
};

/** Listens on every address and watches the TLS files. Throws `config-invalid` when an address cannot be used. */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { config, folder, log, metrics, draining, tell = () => undefined, gate, serviceOf } = options;
  const path = (file: string): string => resolve(folder, file);
  const open: Open[] = [];
  const closeAll = (limitMs: number) => Promise.all(open.map((listener) => listener.close(limitMs)));
  try {
    for (const listener of config.listeners) {
      const { address, tls } = listener;
      const secrets = tls && readListenerTls(tls, path);
      const opened = await openListener({ address, ...serviceOf(listener), log, metrics, draining, tls: secrets, tell, gate });
      open.push({ ...opened, entry: listener, address, tls, secrets });
    }
    for (const listener of open) reportExpired(listener, options);
  } catch (error) {
    await closeAll(0);
    throw error;
  }
  const renew = (): void => {
    for (const listener of open) if (renewOne(listener, path, tell)) reportExpired(listener, options);
  };
  exposeExpiry(options, open);
  const files = filesOf(open).map(path);
  const stopWatch = openFileWatch(() => files).onChange(renew);
  return {
    urls: open.map(({ url }) => url),
    renew,
    serve(next, nextServiceOf) {
      const services = open.map((listener) => {
        const entry = next.listeners.find(({ address }) => address === listener.address) ?? listener.entry;
        return { listener, entry, service: nextServiceOf(entry) };
      });
      // All services exist before the first one is used.
      for (const { listener, entry, service } of services) {
        listener.entry = entry;
        listener.serve(service);
      }
    },
    credentials: () => open.map(({ address, secrets }) => ({ holder: `listener ${address}`, expiries: secrets?.expiries ?? [] })),
    async close(limitMs) {
      stopWatch();
      await closeAll(limitMs);
    },
  };
}

const filesOf = (open: readonly Open[]): string[] =>
  open.flatMap(({ tls }) => [tls?.certificate, tls?.key, tls?.clientCa]).filter((file) => file !== undefined);

/**
 * Loads the TLS files of a listener again and returns whether they changed. Between the writes of a certificate and its
 * key the two do not fit; then the next look loads both.
 */
function renewOne(listener: Open, path: (file: string) => string, tell: Tell): boolean {
  const { address, tls, secrets } = listener;
  if (!tls) return false;
  try {
    const next = readListenerTls(tls, path);
    if (JSON.stringify(next) === JSON.stringify(secrets)) return false;
    listener.renew(next);
    listener.secrets = next;
    tell({ kind: 'configuration-reloaded', part: `certificate of listener ${address}`, restart: [] });
    return true;
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    tell({ kind: 'configuration-refused', problems: [`certificate of listener ${address}, ${error.message}`] });
    return false;
  }
}

/**
 * Logs an error for an expired certificate. Its listener stays in service, so that otherwise only the clients would
 * notice.
 */
function reportExpired({ address, tls, secrets }: Open, { folder, clock, log }: ListenersOptions): void {
  if (!tls || !secrets) return;
  for (const ended of endedInChain(secrets.expiries, clock())) log.warn({ listener: address }, endedChainText(ended));
  const first = firstToEnd(secrets, clock());
  if (!first || first.at > clock()) return;
  const facts = {
    listener: address,
    file: resolve(folder, tls.certificate),
    certificate: first.what,
    ended: new Date(first.at).toISOString(),
  };
  log.error(facts, 'the certificate of a listener has expired and clients refuse it; replace the file, no restart is needed');
}

function exposeExpiry({ metrics: { listenerExpiry, onCollect }, clock }: ListenersOptions, open: readonly Open[]): void {
  onCollect(() => {
    for (const { address, secrets } of open) {
      const first = secrets && firstToEnd(secrets, clock());
      if (first) listenerExpiry.set({ listener: address }, first.at / 1000);
    }
  });
}
